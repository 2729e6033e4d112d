-- SPDX-License-Identifier: LGPL-2.1-or-later
-- SPDX-FileCopyrightText: the mpipe-glib authors

-- A worker program in Lua: worker.lua NAME

local workers = {}

function workers.increment(number)
   return number + 1
end

function workers.sign(text)
   return text .. ', Lua'
end

local name = ... -- none when the library loads this file
if name then
   require('lgi').Mpipe.run_lua_worker(arg[0], name)
end
return workers

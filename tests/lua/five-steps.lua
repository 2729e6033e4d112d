-- SPDX-License-Identifier: LGPL-2.1-or-later
-- SPDX-FileCopyrightText: the mpipe-glib authors

-- The five steps in Lua: the first is in five-steps-workers.lua.

local Mpipe = require('lgi').Mpipe

local file = arg[0]:gsub('five%-steps%.lua$', 'five-steps-workers.lua')

local first = Mpipe.Stage.new_lua(file, 'increment', 2)
local second = Mpipe.Stage.new_lua(file, 'scale', 2)
second:set_parameters { factor = 10 }

first:link(second)

local pipeline = Mpipe.Pipeline.new(first)

for _, number in ipairs { 1, 2, -1, 4 } do
   pipeline:put(number)
end
pipeline:stop()

local function report(failure)
   print('a task failed')
   io.stderr:write(failure.message, '\n')
end
for result in pipeline:results(report) do
   print(result)
end

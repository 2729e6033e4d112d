-- SPDX-License-Identifier: LGPL-2.1-or-later
-- SPDX-FileCopyrightText: the mpipe-glib authors

-- The workers of five-steps.lua.

local workers = {}

-- a function of one task
function workers.increment(number)
   if number < 0 then
      error(number .. ' is negative')
   end
   return number + 1
end

-- a table with start, task and stop, which keeps something between its tasks
workers.scale = {}

function workers.scale:start()
   self.factor = self.worker:parameter('factor')
end

function workers.scale:task(number)
   return number * self.factor
end

return workers

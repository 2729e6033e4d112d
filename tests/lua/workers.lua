-- SPDX-License-Identifier: LGPL-2.1-or-later
-- SPDX-FileCopyrightText: the mpipe-glib authors

-- The workers of test-pipeline.lua.

local workers = {}

function workers.greet(name)
   return 'Hello, ' .. name .. '!'
end

function workers.square(number)
   return number * number
end

function workers.same(value)
   return value
end

function workers.misbehave(how)
   if how == 'error' then
      error('an error with “quotes”')
   elseif how == 'table' then
      error(setmetatable({}, { __tostring = function() return 'an error that is a table' end }))
   elseif how == 'call' then
      return nothing.at_all
   elseif how == 'function' then
      return print
   elseif how == 'recursion' then
      return 1 + workers.misbehave(how)
   elseif how == 'bytes' then
      error('\255\0', 0)
   elseif how == 'nil' then
      error(nil)
   elseif how == 'exit' then
      os.exit(7)
   end
   return how
end

function workers.count_down(number, task)
   for i = number, 1, -1 do
      task:put(i)
   end
end

workers.sum = {}

function workers.sum:start()
   self.total = self.worker:parameter('from')
   self.path = self.worker:parameter('path')
end

function workers.sum:task(number)
   if number == nil then
      return self.total
   end
   self.total = self.total + number
end

function workers.sum:stop()
   local file = io.open(self.path, 'w')
   file:write('stopped\n')
   file:close()
end

workers.unwilling = { task = print }

function workers.unwilling:start()
   error('not today')
end

workers.nothing = 'neither a function nor a table'

return workers

-- SPDX-License-Identifier: LGPL-2.1-or-later
-- SPDX-FileCopyrightText: the mpipe-glib authors

-- Pipelines with workers in Lua. Prints TAP; the test runner has the deadline.

local lgi = require 'lgi'
local Gio, GLib, Mpipe = lgi.Gio, lgi.GLib, lgi.Mpipe

local file = arg[0]:gsub('test%-pipeline%.lua$', 'workers.lua')

local tests = {}

local function test(sentence, run)
   tests[#tests + 1] = { sentence = sentence, run = run }
end

local function expect(actual, expected)
   if actual ~= expected then
      error(('%s instead of %s'):format(tostring(actual), tostring(expected)), 2)
   end
end

local function expect_text(text, part)
   text = tostring(text)
   if not text:find(part, 1, true) then
      error(('“%s” is not in “%s”'):format(part, text), 2)
   end
end

local function stage(name, size, properties)
   local made = Mpipe.Stage.new_lua(file, name, size or 1)
   for key, value in pairs(properties or {}) do
      made['set_' .. key](made, value)
   end
   return made
end

local function pipeline_of(first)
   local pipeline, failure = Mpipe.Pipeline.new(first)
   if not pipeline then error(failure.message, 2) end
   return pipeline
end

-- Returns: the results of the values; a failure is its message, after “failed: ”
local function run(first, values)
   local pipeline, results = pipeline_of(first), {}
   for _, value in ipairs(values) do
      assert(pipeline:put(value))
   end
   pipeline:stop()
   while true do
      local result, failure = pipeline:get()
      if failure then
         results[#results + 1] = 'failed: ' .. failure.message
      elseif result == nil then
         assert(pipeline:wait())
         return results
      else
         results[#results + 1] = result
      end
   end
end

test('greets', function()
   local results = run(stage('greet'), { 'world', 'Lua' })
   expect(table.concat(results, ' '), 'Hello, world! Hello, Lua!')
end)

test('keeps the order of 1000 tasks, through two stages', function()
   local first, values = stage('square', 2), {}
   first:link(stage('same', 2))
   for i = 1, 1000 do values[i] = i end
   local results = run(first, values)
   expect(#results, 1000)
   for i = 1, 1000 do expect(results[i], i * i) end
end)

test('passes plain values', function()
   local values = { 1.5, 0, -2 ^ 60, math.huge, true, false, '', 'Zoë', 'a\0b\255', ('x'):rep(100000) }
   local results = run(stage('same'), values)
   expect(#results, #values)
   for i, value in ipairs(values) do expect(results[i], value) end
end)

test('passes values of a type', function()
   local types = {
      x = 2 ^ 53 - 1, t = 0, i = -2 ^ 31, u = 2 ^ 32 - 1, n = -1, q = 65535, y = 255, d = 0.1, b = false,
      s = 'text', o = '/a/b', g = 'a{sv}', ay = 'a\0b', v = 'inside',
   }
   for type_string, value in pairs(types) do
      local typed = { task_type = GLib.VariantType(type_string), result_type = GLib.VariantType(type_string) }
      local results = run(stage('same', 1, typed), { value })
      expect(results[1], value)
   end
end)

test('passes tables of a type', function()
   local function through(type_string, value)
      local typed = { task_type = GLib.VariantType(type_string), result_type = GLib.VariantType(type_string) }
      return run(stage('same', 1, typed), { value })[1]
   end
   expect(table.concat(through('ax', { 3, 1, 2 }), ','), '3,1,2')
   expect(#through('as', {}), 0)
   local tuple = through('(xsay(b))', { 5, 'five', 'b\0', { true } })
   expect(tuple[1], 5)
   expect(tuple[2], 'five')
   expect(tuple[3], 'b\0')
   expect(tuple[4][1], true)
   local dictionary = through('a{sv}', { one = 1, text = 'two' })
   expect(dictionary.one, 1)
   expect(dictionary.text, 'two')
   local maybe = through('(mxms)', { nil, 'there' })
   expect(maybe[1], nil)
   expect(maybe[2], 'there')
end)

test('refuses values that are not of the type', function()
   local wrong = {
      x = { 1.5, 2 ^ 53, 'text', true, {}, 0 / 0, math.huge }, y = { 256, -1 }, i = { 2 ^ 31 }, t = { -1 },
      s = { 1, 'a\0b', '\255' }, o = { 'no path' }, g = { '(' }, b = { 0 }, d = { '1' }, ay = { 1 },
      ax = { 1, { 'text' } }, ['(xs)'] = { { 1 }, { 'one', 1 } }, ['a{sx}'] = { { one = 'one' } },
   }
   for type_string, values in pairs(wrong) do
      for _, value in ipairs(values) do
         local ok, message = pcall(Mpipe.pack, value, type_string)
         expect(ok, false)
         expect_text(message, 'expected a value of type “')
      end
   end
   local ok, message = pcall(Mpipe.pack, GLib.Variant('s', 'text'), 'x')
   expect(ok, false)
   expect(message, 'expected a value of type “x”, got one of type “s”')
   expect_text(select(2, pcall(Mpipe.pack, {})), 'a table has no type of its own')
   expect_text(select(2, pcall(Mpipe.pack, nil)), 'a nil has no type of its own')
   ok, message = pcall(Mpipe.unpack, GLib.Variant.new_int64(2 ^ 53))
   expect(ok, false)
   expect(message, '9007199254740992 is beyond 2^53: a Lua number cannot hold it')
end)

test('tells what a worker raises', function()
   local results = run(stage('misbehave'), {
      'error', 'table', 'call', 'function', 'recursion', 'bytes', 'nil', 'well' })
   expect(#results, 8)
   expect_text(results[1], 'stage “misbehave”')
   expect_text(results[1], 'workers.lua:22: an error with “quotes”')
   expect_text(results[2], 'an error that is a table')
   expect_text(results[3], "attempt to index global 'nothing'")
   expect_text(results[4], 'a function has no type of its own')
   expect_text(results[5], 'stack overflow')
   expect_text(results[6], 'failed task 6: ')
   expect_text(results[7], 'failed task 7: nil')
   expect(results[8], 'well')
end)

test('survives a worker that exits', function()
   local results = run(stage('misbehave'), { 'exit', 'well' })
   expect(#results, 2)
   expect_text(results[1], 'exited with status 7 on task 1')
   expect(results[2], 'well')
end)

test('names the type that a result should have', function()
   local results = run(stage('greet', 1, { result_type = GLib.VariantType('x') }), { 'world' })
   expect_text(results[1], 'stage “greet”')
   expect_text(results[1], 'expected a value of type “x”, got “Hello, world!”')
end)

test('puts several results', function()
   expect(table.concat(run(stage('count_down'), { 3, 0, 2 }), ' '), '3 2 1 2 1')
end)

test('starts, does the stop task, and stops', function()
   local path = os.tmpname()
   local first = stage('sum', 1, { do_stop_task = true, parameters = { from = 100, path = path } })
   expect(table.concat(run(first, { 1, 2, 3 }), ' '), '106')
   local written = io.open(path)
   expect(written:read('*a'), 'stopped\n')
   written:close()
   os.remove(path)
end)

local function expect_no_start(first, part)
   local pipeline, failure = Mpipe.Pipeline.new(first)
   expect(pipeline, nil)
   expect_text(failure.message, part)
end

test('says why a worker does not start', function()
   expect_no_start(stage('unwilling'), 'not today')
   expect_no_start(stage('nothing'), 'returns no worker “nothing”')
   expect_no_start(stage('missing'), 'returns no worker “missing”')
   expect_no_start(Mpipe.Stage.new_lua('/nonexistent.lua', 'x', 1), '/nonexistent.lua')
   expect_no_start(Mpipe.Stage.new_lua(arg[0]:gsub('[^/]*$', 'meson.build'), 'x', 1), 'meson.build')
end)

test('raises what is not handled', function()
   local pipeline = pipeline_of(stage('misbehave'))
   pipeline:put('error')
   pipeline:put('well')
   pipeline:stop()
   local ok, message = pcall(function()
      for _ in pipeline:results() do end
   end)
   expect(ok, false)
   expect_text(message, 'an error with “quotes”')
   for result in pipeline:results() do expect(result, 'well') end
end)

local function list(path)
   local names = {}
   local entries = Gio.File.new_for_path(path):enumerate_children('standard::name', 'NONE')
   for entry in function() return entries:next_file() end do names[#names + 1] = entry:get_name() end
   entries:close()
   return names
end

-- A process is the child of the thread that started it.
local function has_child()
   for _, thread in ipairs(list('/proc/self/task')) do
      local children = io.open('/proc/self/task/' .. thread .. '/children')
      if children then
         local found = children:read('*a') ~= ''
         children:close()
         if found then return true end
      end
   end
   return false
end

local function greet_once(n_before)
   local pipeline = pipeline_of(stage('greet', 2))
   pipeline:put('world')
   expect(pipeline:get(), 'Hello, world!')
   expect(has_child(), true)
   expect(#list('/proc/self/fd') > n_before, true)
   pipeline:stop()
   expect(pipeline:get(), nil)
end

test('leaves nothing', function()
   collectgarbage()
   collectgarbage()
   local n_before = #list('/proc/self/fd')
   greet_once(n_before) -- what a function held is garbage after it, unlike what a block held
   collectgarbage()
   collectgarbage()
   expect(has_child(), false)
   expect(#list('/proc/self/fd'), n_before)
end)

print('1..' .. #tests)
for i, each in ipairs(tests) do
   local ok, message = xpcall(each.run, debug.traceback)
   print(('%s %d %s'):format(ok and 'ok' or 'not ok', i, each.sentence))
   if not ok then print('# ' .. message:gsub('\n', '\n# ')) end
end

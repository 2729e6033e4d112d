-- SPDX-License-Identifier: LGPL-2.1-or-later
-- SPDX-FileCopyrightText: the mpipe-glib authors

-- What Lua adds to mpipe-glib: workers written in Lua, tasks and results as plain values, and results in a
-- for loop. LGI loads it with lgi.Mpipe; doc/lua.md describes it.

local lgi = require 'lgi'
local GLib, Mpipe = lgi.GLib, lgi.Mpipe
local Variant, VariantType = GLib.Variant, GLib.VariantType

-- Values. A Lua number holds integers exactly up to here.
local EXACT = 2 ^ 53 - 1

local INTEGERS = {
   y = { 'byte', 0, 255 },
   n = { 'int16', -2 ^ 15, 2 ^ 15 - 1 }, q = { 'uint16', 0, 2 ^ 16 - 1 },
   i = { 'int32', -2 ^ 31, 2 ^ 31 - 1 }, u = { 'uint32', 0, 2 ^ 32 - 1 },
   x = { 'int64', -EXACT, EXACT }, t = { 'uint64', 0, EXACT },
}
local TEXTS = {
   s = function(text) return GLib.utf8_validate(text, #text) and not text:find('\0', 1, true) end,
   o = Variant.is_object_path,
   g = Variant.is_signature,
}

local pack

local function refuse(value, type_string)
   local what = type(value)
   if what == 'string' then
      what = ('“%s”'):format(TEXTS.s(value) and value or 'a string of bytes')
   elseif what ~= 'table' and what ~= 'userdata' then
      what = tostring(value)
   end
   error(('expected a value of type “%s”, got %s'):format(type_string, what), 0)
end

local function pack_bytes(value)
   return Variant.new_from_bytes(VariantType.new('ay'), GLib.Bytes.new(value), true)
end

-- A value that says by itself what it is.
local function pack_plain(value)
   local kind = type(value)
   if kind == 'number' then
      return Variant.new_double(value)
   elseif kind == 'boolean' then
      return Variant.new_boolean(value)
   elseif kind == 'string' then
      return TEXTS.s(value) and Variant.new_string(value) or pack_bytes(value)
   end
   error(('a %s has no type of its own: give the stage a type, or make a GLib.Variant'):format(kind), 0)
end

local function pack_array(type_object, value)
   local element, children = type_object:element(), {}
   if type_object:is_subtype_of(VariantType.DICTIONARY) then
      local key_type, value_type = element:key():dup_string(), element:value():dup_string()
      for key, item in pairs(value) do
         children[#children + 1] = Variant.new_dict_entry(pack(key, key_type), pack(item, value_type))
      end
   else
      local element_string = element:dup_string()
      for i = 1, #value do
         children[i] = pack(value[i], element_string)
      end
   end
   return Variant.new_array(element, children)
end

local function pack_tuple(type_object, value)
   local children, n = {}, type_object:n_items()
   local item = n > 0 and type_object:first()
   for i = 1, n do
      children[i] = pack(value[i], item:dup_string())
      item = item:next()
   end
   return Variant.new_tuple(children)
end

-- Returns: a GLib.Variant of the type, or of the value's own one
function pack(value, type_string)
   if Variant:is_type_of(value) then
      if type_string == 'v' then
         return Variant.new_variant(value)
      elseif type_string and value:get_type_string() ~= type_string then
         error(('expected a value of type “%s”, got one of type “%s”'):format(
            type_string, value:get_type_string()), 0)
      end
      return value
   elseif not type_string then
      return pack_plain(value)
   end

   local kind, first = type(value), type_string:sub(1, 1)
   local integer, is_text = INTEGERS[type_string], TEXTS[type_string]
   if integer then
      if kind == 'number' and value % 1 == 0 and value >= integer[2] and value <= integer[3] then
         return Variant['new_' .. integer[1]](value)
      end
   elseif is_text then
      if kind == 'string' and TEXTS.s(value) and is_text(value) then
         local suffix = { s = 'string', o = 'object_path', g = 'signature' }
         return Variant['new_' .. suffix[type_string]](value)
      end
   elseif type_string == 'd' then
      if kind == 'number' then return Variant.new_double(value) end
   elseif type_string == 'b' then
      if kind == 'boolean' then return Variant.new_boolean(value) end
   elseif type_string == 'ay' then
      if kind == 'string' then return pack_bytes(value) end
   elseif type_string == 'v' then
      return Variant.new_variant(pack_plain(value))
   elseif first == 'm' then
      local element = VariantType.new(type_string):element()
      return Variant.new_maybe(element, value ~= nil and pack(value, element:dup_string()) or nil)
   elseif kind == 'table' and first == 'a' then
      return pack_array(VariantType.new(type_string), value)
   elseif kind == 'table' and first == '(' then
      return pack_tuple(VariantType.new(type_string), value)
   end
   refuse(value, type_string)
end

-- Returns: the plain value; a table for arrays, dictionaries and tuples
local function unpack_variant(variant)
   local type_string = variant:get_type_string()
   local integer, first = INTEGERS[type_string], type_string:sub(1, 1)
   if integer then
      local number = variant['get_' .. integer[1]](variant)
      if number < -EXACT or number > EXACT then
         error(('%s is beyond 2^53: a Lua number cannot hold it'):format(variant:print(false)), 0)
      end
      return number
   elseif TEXTS[type_string] then
      return (variant:get_string())
   elseif type_string == 'd' then
      return variant:get_double()
   elseif type_string == 'b' then
      return variant:get_boolean()
   elseif type_string == 'ay' then
      return variant:get_size() > 0 and tostring(variant:get_data_as_bytes().data) or ''
   elseif type_string == 'v' then
      return unpack_variant(variant:get_variant())
   elseif first == 'm' then
      local inner = variant:get_maybe()
      return inner and unpack_variant(inner)
   end
   local result = {}
   for i = 1, variant:n_children() do
      local child = variant:get_child_value(i - 1)
      if type_string:sub(1, 2) == 'a{' then
         result[unpack_variant(child:get_child_value(0))] = unpack_variant(child:get_child_value(1))
      else
         result[i] = unpack_variant(child)
      end
   end
   return result
end

Mpipe.pack, Mpipe.unpack = pack, unpack_variant

-- The application's side.

local set_parameters = Mpipe.Stage.set_parameters

function Mpipe.Stage:set_parameters(parameters)
   set_parameters(self, pack(parameters, 'a{sv}'))
end

local put, get = Mpipe.Pipeline.put, Mpipe.Pipeline.get

-- Returns: the number of the task; or nil and an error
function Mpipe.Pipeline:put(value, cancellable)
   local task_type = self:get_first():get_task_type()
   return put(self, pack(value, task_type and task_type:dup_string()), cancellable)
end

-- Returns: the next result as a GLib.Variant; nil at the end; nil and an error for a task that failed
Mpipe.Pipeline.get_variant = get

-- Returns: the next result; nil at the end; nil and an error for a task that failed
function Mpipe.Pipeline:get(cancellable)
   local result, failure = get(self, cancellable)
   if result == nil then return nil, failure end
   return unpack_variant(result)
end

-- For a for loop. A task that failed is handed to on_failure; without that it is a Lua error.
function Mpipe.Pipeline:results(on_failure)
   return function()
      while true do
         local result, failure = self:get()
         if failure == nil then
            return result
         elseif on_failure == nil then
            error(failure.message, 0)
         end
         on_failure(failure)
      end
   end
end

-- The interpreter that runs this program, or one that can run its workers.
local function find_interpreter()
   local own = GLib.file_read_link('/proc/self/exe')
   if own and own:match('/lua[^/]*$') then return own end
   return GLib.find_program_in_path(_VERSION:lower():gsub(' ', '')) or 'lua'
end

-- A stage whose workers are Lua: the function, or the table with start, task and stop, that the file
-- returns under the name. It is ordered, until it is told otherwise.
function Mpipe.Stage.new_lua(file, name, size)
   local code = ('package.path, package.cpath = %q, %q; require("lgi").Mpipe.run_lua_worker(%q, %q)')
      :format(package.path, package.cpath, GLib.canonicalize_filename(file), name)
   local stage = Mpipe.Stage.new_command({ find_interpreter(), '-e', code }, size)
   stage:set_name(name)
   return stage
end

-- The worker's side.

-- Returns: the plain value of a parameter of the stage, or nil
function Mpipe.Worker:parameter(name)
   local value = self:lookup_parameter(name)
   return value and unpack_variant(value)
end

local function result_type(worker)
   local declared = worker:get_result_type()
   return declared and declared:dup_string()
end

-- Puts one result of the task, while it goes on.
function Mpipe.Task:put(value)
   local ok, failure = self:put_result(pack(value, result_type(self:get_worker())))
   if not ok then error(failure.message, 0) end
end

local function load_worker(file, name)
   local chunk, reason = loadfile(file)
   if not chunk then error(reason, 0) end
   local workers = chunk()
   local worker = type(workers) == 'table' and workers[name]
   if type(worker) == 'function' then
      return { task = function(_, value, task) return worker(value, task) end }
   elseif type(worker) == 'table' and type(worker.task) == 'function' then
      return worker
   end
   error(('%s returns no worker “%s”: neither a function nor a table with a function “task”'):format(
      file, name), 0)
end

-- An error that Lua code raises does not pass C as such: here it ends, and is told.
local function end_task(object, task)
   local value = task:get_value()
   local ok, result = pcall(function()
      local result = object:task(value and unpack_variant(value), task)
      return result ~= nil and pack(result, result_type(task:get_worker())) or nil
   end)
   if ok then
      task:return_value(result)
   else
      task:fail_with_message(tostring(result))
   end
end

-- Becomes a worker, for as long as the pipeline wants.
function Mpipe.run_lua_worker(file, name)
   local LuaWorker = Mpipe.Worker:derive('MpipeLuaWorker')
   local object

   function LuaWorker:do_start()
      local ok, reason = pcall(function()
         object = setmetatable({ worker = self }, { __index = load_worker(file, name) })
         if object.start then object:start() end
      end)
      if not ok then self:refuse(tostring(reason)) end
      return ok
   end

   function LuaWorker:do_begin(task)
      end_task(object, task)
   end

   function LuaWorker:do_stop()
      if not object.stop then return end
      local ok, reason = pcall(object.stop, object)
      if not ok then io.stderr:write(tostring(reason), '\n') end
   end

   os.exit(LuaWorker():run({ 'lua' }))
end

return Mpipe

-- SPDX-License-Identifier: LGPL-2.1-or-later
-- SPDX-FileCopyrightText: the mpipe-glib authors

-- How fast pipelines of Lua are, as lines of a key and a value:
--
--   lua5.1 bench.lua [TASKS [WORKERS]]

local lgi = require('lgi')
local GLib, Mpipe = lgi.GLib, lgi.Mpipe

local n_tasks = tonumber(arg[1] or 5000)
local n_workers = tonumber(arg[2] or 2)
local file = arg[0]:gsub('bench/bench%.lua$', 'lua/five-steps-workers.lua')

local function seconds()
   return GLib.get_monotonic_time() / 1e6
end

local function tell(key, value)
   print(string.format('%s %.4g', key, value))
end

local function new_pipeline()
   local pipeline = Mpipe.Pipeline.new(Mpipe.Stage.new_lua(file, 'increment', n_workers))

   pipeline:put(1) -- a worker is there
   pipeline:get()
   return pipeline
end

local pipeline = new_pipeline()
local begun = seconds()
for i = 1, n_tasks do
   pipeline:put(i)
end
for i = 1, n_tasks do
   assert(pipeline:get() == i + 1)
end
tell('ordered_tasks_per_s', n_tasks / (seconds() - begun))

begun = seconds()
local n_round_trips = math.min(n_tasks, 500)
for i = 1, n_round_trips do
   pipeline:put(i)
   pipeline:get()
end
tell('round_trip_us', (seconds() - begun) / n_round_trips * 1e6)
pipeline:stop()
pipeline:wait()

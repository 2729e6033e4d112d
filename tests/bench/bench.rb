# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors

# How fast pipelines of Ruby are, as lines of a key and a value:
#
#   ruby bench.rb [TASKS [WORKERS]]

require 'mpipe'

n_tasks = Integer(ARGV[0] || 5000)
n_workers = Integer(ARGV[1] || 2)
file = File.join(__dir__, '..', 'ruby', 'five-steps-workers.rb')

def seconds
  Process.clock_gettime(Process::CLOCK_MONOTONIC)
end

def tell(key, value)
  puts format('%s %.4g', key, value)
end

pipeline = Mpipe::Pipeline.new(Mpipe::Stage.new_ruby(file, 'increment', n_workers))
pipeline.put(1) # a worker is there
pipeline.get

begun = seconds
(1..n_tasks).each { |number| pipeline.put(number) }
(1..n_tasks).each { |number| raise 'a wrong result' unless pipeline.get == number + 1 }
tell('ordered_tasks_per_s', n_tasks / (seconds - begun))

n_round_trips = [n_tasks, 500].min
begun = seconds
(1..n_round_trips).each do |number|
  pipeline.put(number)
  pipeline.get
end
tell('round_trip_us', (seconds - begun) / n_round_trips * 1e6)
pipeline.stop

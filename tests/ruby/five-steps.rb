# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors

# The five steps in Ruby: the first is in five-steps-workers.rb.

require 'mpipe'

file = File.join(__dir__, 'five-steps-workers.rb')

first = Mpipe::Stage.new_ruby(file, 'increment', 2)
second = Mpipe::Stage.new_ruby(file, 'scale', 2)

first.link(second)

pipeline = Mpipe::Pipeline.new(first)

[1, 2, -1, 4].each { |number| pipeline.put(number) }
pipeline.stop

begin
  pipeline.each { |result| puts result }
rescue Mpipe::Error::TaskFailed => e
  puts 'a task failed'
  warn e.message
  retry
end

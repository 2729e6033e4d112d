# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors

# The workers of test-pipeline.rb.

Mpipe.worker('greet') { |name| "Hello, #{name}!" }

Mpipe.worker('square') { |number| number * number }

Mpipe.worker('same') { |value| value }

Mpipe.worker('count down') do |number, task|
  number.downto(1) { |i| task.put(i) }
  nil
end

Mpipe.worker('misbehave') do |how|
  case how
  when 'raise' then raise ArgumentError, 'an error with “quotes”'
  when 'call' then nothing_at_all
  when 'object' then Object.new
  when 'recursion' then (again = ->(i) { again.call(i + 1) }).call(0)
  when 'bytes' then raise "\xff\0".b
  when 'exit' then exit 7
  else how
  end
end

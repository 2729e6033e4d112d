# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors

# Pipelines with workers in Ruby. Prints TAP; the test runner has the deadline.

require 'mpipe'

WORKERS = File.join(__dir__, 'workers.rb')

def stage(name, size = 1, type = nil)
  Mpipe::Stage.new_ruby(WORKERS, name, size).tap do |made|
    next unless type

    made.task_type = GLib::VariantType.new(type)
    made.result_type = GLib::VariantType.new(type)
  end
end

# Returns the results of the values; of a failure, the error.
def run(first, values)
  pipeline = Mpipe::Pipeline.new(first)
  values.each { |value| pipeline.put(value) }
  pipeline.stop
  results = []
  begin
    pipeline.each { |result| results << result }
  rescue Mpipe::Error => e
    results << e
    retry
  end
  pipeline.wait(nil)
  results
end

def expect(actual, expected)
  raise "#{actual.inspect} instead of #{expected.inspect}" unless actual == expected
end

def expect_error(error, *parts)
  raise "#{error.inspect} is no error" unless error.is_a?(StandardError)

  parts.each { |part| raise "“#{part}” is not in “#{error.message}”" unless error.message.include?(part) }
end

def error_of
  yield
  nil
rescue StandardError => e
  e
end

# A process is the child of the thread that started it.
def child?
  Dir.glob('/proc/self/task/*/children').any? { |path| !File.read(path).empty? }
end

TESTS = {
  'greets' => lambda {
    expect(run(stage('greet'), %w[world Ruby]), ['Hello, world!', 'Hello, Ruby!'])
  },
  'keeps the order of 1000 tasks, through two stages' => lambda {
    first = stage('square', 2)
    first.link(stage('same', 2))
    expect(run(first, 1..1000), (1..1000).map { |i| i * i })
  },
  'passes plain values' => lambda {
    values = [0, -2**63, 2**63 - 1, 1.5, true, false, '', 'Zoë', 'x' * 100_000]
    expect(run(stage('same'), values), values)
  },
  'passes values of a type' => lambda {
    { 'x' => -1, 'i' => -2**31, 'u' => 2**32 - 1, 'd' => 0.5, 'b' => false, 's' => 'text',
      'ay' => "a\0b\xff".b }.each { |type, value| expect(run(stage('same', 1, type), [value]), [value]) }
  },
  'refuses values that are not of the type' => lambda {
    { 'x' => [1.5, 2**63, 'text', nil], 'y' => [256], 's' => [1, "a\0b", "\xff"], 'b' => [0],
      'ay' => [1], '(xs)' => [[1, 'a']] }.each do |type, values|
      pipeline = Mpipe::Pipeline.new(stage('same', 1, type))
      values.each { |value| expect_error(error_of { pipeline.put(value) }, "expected a value of type “#{type}”") }
      pipeline.stop
      pipeline.wait(nil)
    end
    expect_error(error_of { Mpipe.type_of(Object.new) }, 'class Object cannot be sent')
  },
  'tells what a worker raises' => lambda {
    results = run(stage('misbehave'), %w[raise call object recursion bytes well])
    expect_error(results[0], 'stage “misbehave”', 'an error with “quotes” (ArgumentError)')
    expect_error(results[1], 'nothing_at_all')
    expect_error(results[2], 'class Object cannot be sent')
    expect_error(results[3], 'stack level too deep (SystemStackError)')
    expect_error(results[4], '(RuntimeError)')
    expect(results[5], 'well')
  },
  'survives a worker that exits' => lambda {
    results = run(stage('misbehave'), %w[exit well])
    expect_error(results[0], 'exited with status 7 on task 1')
    expect(results[1], 'well')
  },
  'puts several results' => lambda {
    expect(run(stage('count down'), [3, 0, 2]), [3, 2, 1, 2, 1])
  },
  'says why a worker does not start' => lambda {
    expect_error(error_of { Mpipe::Pipeline.new(stage('missing')) }, 'has no worker “missing”')
    expect_error(error_of { Mpipe::Pipeline.new(Mpipe::Stage.new_ruby('/nonexistent.rb', 'x', 1)) },
                 '/nonexistent.rb')
  },
  'leaves no process' => lambda {
    pipeline = Mpipe::Pipeline.new(stage('greet', 2))
    expect(child?, true)
    pipeline.stop
    expect(pipeline.to_a, [])
    pipeline.wait(nil)
    expect(child?, false)
  }
}.freeze

puts "1..#{TESTS.size}"
TESTS.each_with_index do |(sentence, body), i|
  error = error_of { body.call }
  puts "#{error ? 'not ok' : 'ok'} #{i + 1} #{sentence}"
  puts "# #{error.full_message(highlight: false).gsub("\n", "\n# ")}" if error
  $stdout.flush
end

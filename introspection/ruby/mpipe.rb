# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors

# mpipe-glib for Ruby: loads the introspection data, and adds workers written in Ruby and plain values.
# doc/ruby.md describes it.

require 'gobject-introspection'
require 'rbconfig'

module Mpipe
  loader = GObjectIntrospection::Loader.new(self)
  loader.version = '1.0'
  loader.load('Mpipe')

  INTEGERS = {
    'y' => 0..255, 'n' => -2**15...2**15, 'q' => 0...2**16, 'i' => -2**31...2**31, 'u' => 0...2**32,
    'x' => -2**63...2**63, 't' => 0...2**64
  }.freeze
  private_constant :INTEGERS

  @workers = {}

  class << self
    # Makes a worker known, in the file that Stage.new_ruby names. The block does one task: it gets its value
    # and the Mpipe::Task, and returns the result, or nil for none.
    def worker(name, &block)
      @workers[name.to_s] = block
    end

    # Returns the type that a value has by itself.
    def type_of(value)
      case value
      when Integer then 'x'
      when Float then 'd'
      when true, false then 'b'
      when String then value.encoding == Encoding::BINARY ? 'ay' : 's'
      else raise TypeError, "a value of class #{value.class} cannot be sent"
      end
    end

    # Calls with_bytes with a GLib::Bytes, or with_variant with a GLib::Variant.
    def pack(value, type, with_bytes, with_variant)
      type = type ? type.to_s : type_of(value)
      unless of_type?(value, type)
        raise TypeError, "expected a value of type “#{type}”, got #{value.inspect}"
      end

      type == 'ay' ? with_bytes.call(GLib::Bytes.new(value)) : with_variant.call(GLib::Variant.new(value, type))
    end

    # Becomes a worker, for as long as the pipeline wants; file is nil when Mpipe.worker was called already.
    # Returns the exit status.
    def work(file, name)
      load_error = load_workers(file, name)
      function = @workers[name]
      worker = Worker.from_begin_func { |_, task| end_task(function, task) }
      worker.refuse(load_error) if load_error
      worker.run(['ruby'])
    end

    private

    def of_type?(value, type)
      case type
      when *INTEGERS.keys then value.is_a?(Integer) && INTEGERS[type].cover?(value)
      when 'd' then value.is_a?(Numeric)
      when 'b' then [true, false].include?(value)
      when 's' then value.is_a?(String) && (text = value.encode('UTF-8')).valid_encoding? && !text.include?("\0")
      when 'ay' then value.is_a?(String)
      else false
      end
    rescue EncodingError
      false
    end

    # Returns what is wrong, or nil.
    def load_workers(file, name)
      load(file) if file
      "#{file || $PROGRAM_NAME} has no worker “#{name}”" unless @workers.key?(name)
    rescue SystemExit => e
      exit!(e.status)
    rescue Exception => e
      describe(e)
    end

    # C takes text, without zero bytes.
    def describe(exception)
      "#{exception.message} (#{exception.class})".dup.force_encoding('UTF-8').scrub.delete("\0")
    end

    # An exception does not pass C as such: here it ends, and is told.
    def end_task(function, task)
      bytes = task.bytes
      value = bytes ? bytes.to_s : task.value
      result = function.call(value, task)
      if result.nil?
        task.return_value(nil)
      else
        pack(result, task.worker.result_type, task.method(:return_bytes), task.method(:return_value))
      end
    rescue SystemExit => e
      exit!(e.status)
    rescue Exception => e
      task.fail_with_message(describe(e))
    end
  end

  class Worker
    # Returns the value of a parameter of the stage, or nil.
    def parameter(name)
      lookup_parameter(name, nil)
    end
  end

  class Task
    # Puts one result, while the task goes on.
    def put(value)
      Mpipe.pack(value, worker.result_type, method(:put_bytes), method(:put_result))
    end
  end

  class Stage
    # Returns a stage whose workers are programs that speak the protocol.
    def self.new_command(argv, size)
      allocate.tap { |stage| stage.send(:initialize_new_command, argv, size) }
    end

    # Returns a stage whose workers are written in Ruby: what the file gives to Mpipe.worker under the name.
    def self.new_ruby(file, name, size)
      argv = [RbConfig.ruby, "-I#{__dir__}", '-rmpipe', '-e', 'exit Mpipe.work(*ARGV)', '--',
              File.expand_path(file), name.to_s]
      new_command(argv, size).tap { |stage| stage.name = name.to_s }
    end
  end

  class Pipeline
    include Enumerable

    alias put_variant put

    # Puts a task; returns its number.
    def put(value)
      Mpipe.pack(value, first.task_type, ->(bytes) { put_bytes(bytes, nil) },
                 ->(variant) { put_variant(variant, nil) })
    end

    # Yields each result, until there are no more. A task that failed is an exception; go on by calling it again.
    def each
      return to_enum unless block_given?

      loop do
        result, _, leaf = get_full(nil)
        break if result.nil?

        # Bytes arrive as an array of numbers; only the stage's type tells them from one.
        yield leaf.result_type.to_s == 'ay' ? result.pack('C*') : result
      end
    end
  end
end

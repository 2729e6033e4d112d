# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors

# mpipe-glib for Perl: loads the introspection data, and adds workers written in Perl and plain values.
# doc/perl.md describes it.

package Mpipe;

use strict;
use warnings;
use utf8;

use Cwd ();
use File::Basename ();
use Glib;
use Glib::Object::Introspection;
use Scalar::Util ();

BEGIN {
    Glib::Object::Introspection->setup(basename => 'Mpipe', version => '1.0', package => 'Mpipe');
}

my $library = Cwd::abs_path(File::Basename::dirname(__FILE__));

# Glib::Variant takes any scalar for any type, and makes something of it; here it must be a value of the type.
my $is_integer = sub { $_[0] =~ /^(?:0|-?[1-9][0-9]*)\z/ };
my %may_be = (
    (map { $_ => $is_integer } qw(y n q i u x t)),
    d => sub { Scalar::Util::looks_like_number($_[0]) },
    s => sub { $_[0] !~ /\0/ },
    o => sub { Glib::Variant::is_object_path($_[0]) },
    g => sub { Glib::Variant::is_signature($_[0]) },
    b => sub { 1 },
);

# Returns a Glib::Variant, or undef when the value is not of the basic type.
sub _pack_basic {
    my ($value, $type) = @_;
    return undef unless defined $value && !ref $value && $may_be{$type}->($value);
    my $packed = Glib::Variant->new($type, $value);
    return undef if $may_be{$type} == $is_integer && $packed->get($type) ne $value; # out of range
    return $packed;
}

# Returns a Glib::Variant of the type; without one, a text.
sub pack_value {
    my ($value, $type) = @_;
    if (ref $value && eval { $value->isa('Glib::Variant') }) {
        my $given = $value->get_type_string;
        die "expected a value of type “$type”, got one of type “$given”\n"
            if defined $type && $given ne $type;
        return $value;
    }
    $type //= 's';
    my $packed = exists $may_be{$type} ? _pack_basic($value, $type)
        : ref $value ? eval { Glib::Variant->new($type, $value) }
        : undef;
    return $packed if defined $packed;
    my $shown = !defined $value ? 'undef' : ref $value ? "a reference ($value)" : "“$value”";
    die "expected a value of type “$type”, got $shown\n";
}

# Returns the plain value of a Glib::Variant.
sub unpack_value {
    my ($variant) = @_;
    return $variant->get($variant->get_type_string);
}

sub _type_string {
    my ($type) = @_;
    return defined $type ? $type->get_string : undef;
}

# Becomes a worker, for as long as the pipeline wants. Returns the exit status.
sub work {
    my ($file, $name) = @_;
    my ($function, $reason) = _load_worker($file, $name);
    my $worker = Mpipe::Worker::from_begin_func(sub {
        my ($worker, $task) = @_;
        _end_task($function, $task);
    });
    $worker->refuse($reason) unless $function;
    return $worker->run(['perl']);
}

# Returns the function; or undef and what is wrong.
sub _load_worker {
    my ($file, $name) = @_;
    local ($@, $!);
    my $path = Cwd::abs_path($file) // $file; # do looks for other names elsewhere
    my $workers = do $path;
    return (undef, "$@") if $@;
    return (undef, "$file: $!") unless defined $workers || -r $path;
    return $workers->{$name} if ref $workers eq 'HASH' && ref $workers->{$name} eq 'CODE';
    return (undef, "$file returns no hash with a function “$name”");
}

# An exception does not pass C as such: here it ends, and is told.
sub _end_task {
    my ($function, $task) = @_;
    my $result;
    my $done = eval {
        my $value = $task->get_value;
        my $returned = $function->(defined $value ? unpack_value($value) : undef, $task);
        $result = defined $returned
            ? pack_value($returned, _type_string($task->get_worker->get_result_type)) : undef;
        1;
    };
    if ($done) {
        $task->return_value($result);
    } else {
        chomp(my $message = "$@");
        $task->fail_with_message($message);
    }
}

package Mpipe::Worker;

# Returns the value of a parameter of the stage, or undef.
sub parameter {
    my ($self, $name) = @_;
    my $value = $self->lookup_parameter($name, undef);
    return defined $value ? Mpipe::unpack_value($value) : undef;
}

package Mpipe::Task;

# Puts one result, while the task goes on.
sub put {
    my ($self, $value) = @_;
    $self->put_result(Mpipe::pack_value($value, Mpipe::_type_string($self->get_worker->get_result_type)));
}

package Mpipe::Stage;

# Returns a stage whose workers are written in Perl: the function that the file's hash has under the name.
sub new_perl {
    my ($class, $file, $name, $size) = @_;
    my $self = $class->new_command(
        [$^X, "-I$library", '-MMpipe', '-e', 'exit Mpipe::work(@ARGV)', '--', Cwd::abs_path($file) // $file,
            $name], $size);
    $self->set_name($name);
    return $self;
}

package Mpipe::Pipeline;

# Puts a plain value; returns the number of the task.
sub put_plain {
    my ($self, $value) = @_;
    my $type = Mpipe::_type_string($self->get_first->get_task_type);
    return $self->put(Mpipe::pack_value($value, $type), undef);
}

# Returns the next result as a plain value, undef at the end; dies for a task that failed.
sub get_plain {
    my ($self) = @_;
    my $result = $self->get(undef);
    return defined $result ? Mpipe::unpack_value($result) : undef;
}

1;

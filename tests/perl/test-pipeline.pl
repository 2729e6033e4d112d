# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors

# Pipelines with workers in Perl. Prints TAP; the test runner has the deadline.

use strict;
use warnings;
use utf8;
use FindBin;
use Mpipe;
use Test::More;

binmode $_, ':utf8' for *STDOUT, *STDERR, map { Test::More->builder->$_ } qw(output failure_output todo_output);

my $file = "$FindBin::Bin/workers.pl";

sub stage {
    my ($name, $size, $type) = @_;
    my $stage = Mpipe::Stage->new_perl($file, $name, $size // 1);
    $stage->set_task_type(Glib::VariantType->new($type)) if defined $type;
    $stage->set_result_type(Glib::VariantType->new($type)) if defined $type;
    return $stage;
}

# Returns the results of the values; of a failure, “failed: ” and its message.
sub run {
    my ($first, @values) = @_;
    my $pipeline = Mpipe::Pipeline->new($first);
    $pipeline->put_plain($_) for @values;
    $pipeline->stop;
    my @results;
    while (1) {
        my $result = eval { $pipeline->get_plain };
        if ($@) {
            push @results, 'failed: ' . $@->message;
        } elsif (defined $result) {
            push @results, $result;
        } else {
            $pipeline->wait(undef);
            return @results;
        }
    }
}

# A process is the child of the thread that started it.
sub has_child {
    for my $path (glob '/proc/self/task/*/children') {
        open my $children, '<', $path or next;
        return 1 if defined readline $children;
    }
    return 0;
}

is_deeply([run(stage('greet'), 'world', 'Perl', 'Zoë')], ['Hello, world!', 'Hello, Perl!', 'Hello, Zoë!'],
    'greets');

{
    my $first = stage('square', 2, 'x');
    $first->link(stage('same', 2));
    is_deeply([run($first, 1 .. 1000)], [map { $_ * $_ } 1 .. 1000],
        'keeps the order of 1000 tasks, through two stages');
}

{
    my %values = (x => '-9223372036854775808', t => '18446744073709551615', i => -5, y => 255, d => 0.5,
        s => 'text', '(xs)' => [5, 'five'], as => ['a', 'b']);
    for my $type (sort keys %values) {
        is_deeply([run(stage('same', 1, $type), $values{$type})], [$values{$type}], "passes values of type $type");
    }
}

{
    my %wrong = (x => [1.5, 'text', undef, [], '9223372036854775808', ''], y => [256, -1], u => [-1],
        d => ['one'], s => [[], undef, "a\0b"], o => ['no path'], '(xs)' => [5], ax => ['text', undef]);
    for my $type (sort keys %wrong) {
        for my $value (@{ $wrong{$type} }) {
            my $shown = $value // 'undef';
            ok(!eval { Mpipe::pack_value($value, $type); 1 }, "does not take $shown for $type")
                and like($@, qr/^expected a value of type “\Q$type\E”, got /, 'and says so');
        }
    }
    eval { Mpipe::pack_value(Glib::Variant->new('s', 'text'), 'x') };
    is($@, "expected a value of type “x”, got one of type “s”\n", 'does not take a variant of another type');
}

{
    my @results = run(stage('misbehave'), 'die', 'call', 'reference', 'exit', 'object', 'well');
    like($results[0], qr/stage “misbehave”.*an error with “quotes”/, 'tells what a worker raises');
    like($results[1], qr/nothing_at_all/, 'tells what Perl raises');
    like($results[2], qr/expected a value of type “s”, got a reference/, 'tells that a result is of no use');
    like($results[3], qr/exited with status 7 on task 4/, 'survives a worker that exits');
    like($results[4], qr/failed task 5: ARRAY/, 'tells that something died');
    is_deeply([@results[5 .. $#results]], ['well'], 'goes on');
}

is_deeply([run(stage('count_down'), 3, 0, 2)], [3, 2, 1, 2, 1], 'puts several results');

{
    chdir $FindBin::Bin or die;
    my $first = Mpipe::Stage->new_command([$^X, '../languages/worker.pl', 'increment'], 1);
    is_deeply([run($first, 1, 2)], [2, 3], 'starts a worker program by a relative path');
}

ok(!eval { Mpipe::Pipeline->new(stage('missing')) }, 'does not start without the worker')
    and like($@, qr/returns no hash with a function “missing”/, 'and says so');
ok(!eval { Mpipe::Pipeline->new(Mpipe::Stage->new_perl('/nonexistent.pl', 'x', 1)) },
    'does not start without the file')
    and like($@, qr{/nonexistent\.pl: }, 'and says so');

{
    my $pipeline = Mpipe::Pipeline->new(stage('greet', 2));
    ok(has_child(), 'has processes');
    $pipeline->stop;
    is($pipeline->get_plain, undef, 'ends');
    $pipeline->wait(undef);
    ok(!has_child(), 'leaves no process');
}

done_testing();

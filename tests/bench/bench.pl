# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors

# How fast pipelines of Perl are, as lines of a key and a value:
#
#   perl bench.pl [TASKS [WORKERS]]

use strict;
use warnings;
use FindBin;
use Mpipe;
use Time::HiRes qw(time);

my ($n_tasks, $n_workers) = ($ARGV[0] // 5000, $ARGV[1] // 2);
my $pipeline = Mpipe::Pipeline->new(
    Mpipe::Stage->new_perl("$FindBin::Bin/../perl/five-steps-workers.pl", 'increment', $n_workers));

sub tell_value {
    my ($key, $value) = @_;
    printf "%s %.4g\n", $key, $value;
}

$pipeline->put_plain(1);    # a worker is there
$pipeline->get_plain;

my $begun = time;
$pipeline->put_plain($_) for 1 .. $n_tasks;
for my $i (1 .. $n_tasks) {
    $pipeline->get_plain == $i + 1 or die "a wrong result\n";
}
tell_value('ordered_tasks_per_s', $n_tasks / (time - $begun));

my $n_round_trips = $n_tasks < 500 ? $n_tasks : 500;
$begun = time;
for my $i (1 .. $n_round_trips) {
    $pipeline->put_plain($i);
    $pipeline->get_plain;
}
tell_value('round_trip_us', (time - $begun) / $n_round_trips * 1e6);
$pipeline->stop;

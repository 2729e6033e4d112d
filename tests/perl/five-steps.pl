# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors

# The five steps in Perl: the first is in five-steps-workers.pl.

use strict;
use warnings;
use FindBin;
use Mpipe;

my $file = "$FindBin::Bin/five-steps-workers.pl";

my $first = Mpipe::Stage->new_perl($file, 'increment', 2);
my $second = Mpipe::Stage->new_perl($file, 'scale', 2);
$second->set_parameters(Glib::Variant->new('a{sv}', { factor => Glib::Variant->new('x', 10) }));

$first->link($second);

my $pipeline = Mpipe::Pipeline->new($first);

$pipeline->put_plain($_) for 1, 2, -1, 4;
$pipeline->stop;

while (1) {
    my $result = eval { $pipeline->get_plain };
    if ($@) {
        print "a task failed\n";
        print STDERR $@, "\n";
        next;
    }
    last unless defined $result;
    print "$result\n";
}

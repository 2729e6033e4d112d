# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors

# The workers of test-pipeline.pl.

use strict;
use warnings;
use utf8;

{
    greet => sub { "Hello, $_[0]!" },
    square => sub { $_[0] * $_[0] },
    same => sub { $_[0] },
    count_down => sub {
        my ($number, $task) = @_;
        $task->put($_) for reverse 1 .. $number;
        return undef;
    },
    misbehave => sub {
        my ($how) = @_;
        die "an error with “quotes”\n" if $how eq 'die';
        nothing_at_all() if $how eq 'call';
        return [] if $how eq 'reference';
        die [] if $how eq 'object';
        exit 7 if $how eq 'exit';
        return $how;
    },
};

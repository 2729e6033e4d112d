# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors

# The workers of five-steps.pl.

use strict;
use warnings;

{
    increment => sub {
        my ($number, $task) = @_;
        die "$number is negative\n" if $number < 0;
        return $number + 1;
    },
    scale => sub {
        my ($number, $task) = @_;
        return $number * $task->get_worker->parameter('factor');
    },
};

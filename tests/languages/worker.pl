# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors

# A worker program in Perl: worker.pl NAME

use strict;
use warnings;
use Mpipe;

exit Mpipe::work($0, $ARGV[0]) unless caller; # Mpipe::work loads this file again

{
    increment => sub { $_[0] + 1 },
    sign => sub { "$_[0], Perl" },
};

# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors

# A worker program in Ruby: worker.rb NAME

require 'mpipe'

Mpipe.worker('increment') { |number| number + 1 }
Mpipe.worker('sign') { |text| "#{text}, Ruby" }

exit Mpipe.work(nil, ARGV[0])

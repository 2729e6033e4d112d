# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors

# The workers of five-steps.rb.

Mpipe.worker('increment') do |number|
  raise "#{number} is negative" if number.negative?

  number + 1
end

Mpipe.worker('scale') { |number| number * 10 }

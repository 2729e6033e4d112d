# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors
import mpipe


def big(task):
    return task, 'x' * 1000


first = mpipe.OrderedStage(big, 2)
pipe = mpipe.Pipeline(first)
for value in range(10000):
    pipe.put(value)
pipe.put(None)
n = 0
for number, text in pipe.results():
    assert number == n and len(text) == 1000
    n += 1
print(n)

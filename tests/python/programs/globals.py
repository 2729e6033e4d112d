# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors
import mpipe

TABLE = {'a': 1, 'b': 2}


def look_up(task):
    return TABLE[task]


pipe = mpipe.Pipeline(mpipe.OrderedStage(look_up))
for key in 'ab':
    pipe.put(key)
pipe.put(None)
print(list(pipe.results()))

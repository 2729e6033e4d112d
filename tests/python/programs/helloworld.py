# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors
import mpipe


def shout(task):
    return task.upper() + '!'


stage = mpipe.OrderedStage(shout)
pipe = mpipe.Pipeline(stage)
for word in ('hello', 'world'):
    pipe.put(word)
pipe.put(None)
for result in pipe.results():
    print(result)

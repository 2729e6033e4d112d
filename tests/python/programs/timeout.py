# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors
import mpipe


def same(task):
    return task


pipe = mpipe.Pipeline(mpipe.OrderedStage(same))
print(pipe.get(0.01))
pipe.put('here')
print(pipe.get(30))
pipe.put(None)
print(pipe.get(30), pipe.get())

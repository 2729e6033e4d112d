# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors
import mpipe


def divide(task):
    return 12 // task


pipe = mpipe.Pipeline(mpipe.OrderedStage(divide, 2))
for value in (3, 0, 4):
    pipe.put(value)
pipe.put(None)
for _ in range(4):
    try:
        print(pipe.get())
    except Exception as error:
        print(type(error).__name__, 'ZeroDivisionError' in str(error))

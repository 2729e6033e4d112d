# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors
from mpipe.OrderedStage import OrderedStage
from mpipe.Pipeline import Pipeline


def square(value):
    return value * value


pipe = Pipeline(OrderedStage(square, 3))
for value in range(6):
    pipe.put(value)
pipe.put(None)
result = pipe.get()
while result is not None:
    print(result)
    result = pipe.get()

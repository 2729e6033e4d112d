# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors
import mpipe


class Multiplier(mpipe.OrderedWorker):
    def __init__(self, factor, offset=0):
        super().__init__()
        self.factor, self.offset = factor, offset

    def doInit(self):
        self.ready = True

    def doTask(self, task):
        return (self.ready, task * self.factor + self.offset)


pipe = mpipe.Pipeline(mpipe.Stage(Multiplier, 2, factor=7, offset=1))
for value in range(3):
    pipe.put(value)
pipe.put(None)
print(list(pipe.results()))

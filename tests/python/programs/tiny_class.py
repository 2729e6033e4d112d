# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors
import mpipe


class Adder(mpipe.OrderedWorker):
    def doTask(self, task):
        return task + 1


class Shower(mpipe.UnorderedWorker):
    def doTask(self, task):
        print(task)


first = mpipe.Stage(Adder, 2)
first.link(mpipe.Stage(Shower))
pipe = mpipe.Pipeline(first)
for value in range(4):
    pipe.put(value)
pipe.put(None)

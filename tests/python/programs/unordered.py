# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors
import mpipe


class Echo(mpipe.UnorderedWorker):
    def doTask(self, task):
        self.putResult(task)


pipe = mpipe.Pipeline(mpipe.Stage(Echo, 4))
for value in range(100):
    pipe.put(value)
pipe.put(None)
print(sorted(pipe.results()) == list(range(100)))

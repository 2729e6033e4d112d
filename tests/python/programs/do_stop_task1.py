# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors
import mpipe


class Sum(mpipe.UnorderedWorker):
    def __init__(self):
        super().__init__()
        self.sum = 0

    def doTask(self, task):
        if task is None:
            return self.sum
        self.sum += task


pipe = mpipe.Pipeline(mpipe.Stage(Sum, 3, do_stop_task=True))
for value in range(100):
    pipe.put(value)
pipe.put(None)
results = list(pipe.results())
print(len(results), sum(results))

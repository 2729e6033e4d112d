# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors
import mpipe


class Last(mpipe.OrderedWorker):
    def doTask(self, task):
        if task is None:
            self.putResult('the end')
        else:
            return task


class Careless(mpipe.OrderedWorker):
    def doTask(self, task):
        return repr(task)


first = mpipe.Stage(Last, do_stop_task=True)
first.link(mpipe.Stage(Careless))
pipe = mpipe.Pipeline(first)
pipe.put(1)
pipe.put(None)
print(list(pipe.results()))

# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors
import mpipe


def loud(task):
    print('did', task)
    return task


class Quiet(mpipe.OrderedWorker):
    def doTask(self, task):
        self.putResult(-task)
        return task


for stage in (mpipe.OrderedStage(loud, disable_result=True), mpipe.UnorderedStage(loud, disable_result=True),
              mpipe.Stage(Quiet, disable_result=True)):
    pipe = mpipe.Pipeline(stage)
    for value in (1, 2):
        pipe.put(value)
    pipe.put(None)
    results = list(pipe.results())
    print(results)

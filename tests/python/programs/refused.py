# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors
import mpipe


def make():
    def nested(task):
        return task
    return nested


for worker in (lambda task: task, make()):
    try:
        mpipe.OrderedStage(worker)
    except TypeError as error:
        print('top level' in str(error))

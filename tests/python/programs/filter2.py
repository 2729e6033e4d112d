# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors
import mpipe


def work(task):
    return task


stage = mpipe.FilterStage([mpipe.OrderedStage(work), mpipe.UnorderedStage(work)], drop_results=True)
stage.link(mpipe.OrderedStage(work, 2))
pipe = mpipe.Pipeline(stage)
for value in range(8):
    pipe.put(value)
pipe.put(None)
print(*pipe.results())

# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors
import mpipe


def slow(task):
    return 'seen'


def count(value):
    return value


if __name__ == '__main__':
    stage = mpipe.FilterStage((mpipe.OrderedStage(slow),), max_tasks=1, cache_results=True)
    pipe = mpipe.Pipeline(stage)
    last = None
    for value in range(10000):
        pipe.put(value)
        task, results = pipe.get()
        assert task == value
        if results:
            last = results
            break
    pipe.put(None)
    print(last, list(pipe.results()))

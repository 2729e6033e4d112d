# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors
import mpipe


def echo(task):
    return task


class Drain(mpipe.OrderedWorker):
    """Reads the results of another pipeline, while the program puts."""

    def doTask(self, pipe):
        n = 0
        for result in pipe.results():
            assert result == n
            n += 1
        return n


if __name__ == '__main__':
    first = mpipe.OrderedStage(echo, 2)
    first.link(mpipe.OrderedStage(echo))
    full = mpipe.Pipeline(first)
    drain = mpipe.Pipeline(mpipe.Stage(Drain))
    drain.put(full)
    drain.put(None)
    for value in range(2000):
        full.put(value)
    full.put(None)
    print(drain.get())

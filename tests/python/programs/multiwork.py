# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors
import mpipe


def identity(task):
    return task


def make(kind, n_stages):
    first = last = kind(identity, 2)
    for _ in range(n_stages - 1):
        following = kind(identity, 2)
        last.link(following)
        last = following
    return mpipe.Pipeline(first)


for kind in (mpipe.OrderedStage, mpipe.UnorderedStage):
    pipes = [make(kind, n) for n in (1, 2, 4)]
    for pipe in pipes:
        for value in range(20):
            pipe.put(value)
        pipe.put(None)
    print([sum(pipe.results()) for pipe in pipes])

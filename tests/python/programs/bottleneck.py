# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors
import mpipe


def generate(task):
    return task, task + 1


def combine(pair):
    return pair[0] * pair[1]


def name(value):
    return f'<{value}>'


stages = [mpipe.OrderedStage(generate, 3), mpipe.OrderedStage(combine, 1), mpipe.OrderedStage(name, 2)]
stages[0].link(stages[1])
stages[1].link(stages[2])
pipe = mpipe.Pipeline(stages[0])
for value in range(1000):
    pipe.put(value)
pipe.put(None)
results = list(pipe.results())
print(len(results), results[0], results[-1])

# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors
import mpipe


def pass_on(value):
    return value


def tens(value):
    return value * 10


def letters(value):
    return 'abcdef'[value]


if __name__ == '__main__':
    root, left, right = mpipe.OrderedStage(pass_on), mpipe.OrderedStage(tens), mpipe.UnorderedStage(letters)
    root.link(left).link(right)
    pipe = mpipe.Pipeline(root)
    for value in range(3):
        root.put(value)
    root.put(None)
    print(list(left.results()))
    print([right.get(), right.get(30), right.get(), right.get()])
    print(pipe.get(), pipe.get(1))

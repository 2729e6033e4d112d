# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors
import mpipe


def show(task):
    print('did', task)
    return task


def main():
    pipe = mpipe.Pipeline(mpipe.UnorderedStage(show, max_backlog=3))
    for value in range(3):
        pipe.put(value)
    pipe.put(None)


if __name__ == '__main__':
    main()

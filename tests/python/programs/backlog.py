# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors
import threading

import mpipe


def same(task):
    return task


if __name__ == '__main__':
    pipe = mpipe.Pipeline(mpipe.UnorderedStage(same, max_backlog=2))

    def put():
        for value in range(300):
            pipe.put(value)
        pipe.put(None)
    thread = threading.Thread(target=put)
    thread.start()
    print(sorted(pipe.results()) == list(range(300)))
    thread.join()

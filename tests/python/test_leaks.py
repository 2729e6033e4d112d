#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors
"""Many pipelines in one program take no more than one."""

import gc
import threading

if __name__ == '__main__':     # workers need nothing of this, and start faster
    import kit
    from kit import Mpipe

    def resident():
        with open('/proc/self/statm') as file:
            return int(file.read().split()[1]) * 4096

    class Leaks(kit.TestCase):
        deadline = 180

        def use(self, i):
            stage = Mpipe.Stage(abs, ordered=i % 2 == 0)
            pipeline = Mpipe.Pipeline(stage)
            for task in [-1, -2.5, -3]:
                pipeline.put(task)
            if i % 4 == 3:
                pipeline.terminate()
            else:
                pipeline.stop()
                self.assertEqual(sum(pipeline), 6.5)
            pipeline.wait()

        def test_two_hundred_pipelines(self):
            for i in range(20):
                self.use(i)
            gc.collect()
            before = len(kit.find_descriptors()), threading.active_count(), resident()
            for i in range(200):
                self.use(i)
            gc.collect()
            self.assertEqual(len(kit.find_descriptors()), before[0])
            kit.wait_until(lambda: threading.active_count() <= before[1] + 1, 'the end of threads')
            self.assertLess(resident() - before[2], 8 << 20)

        def test_many_tasks_leave_nothing(self):
            with Mpipe.Pipeline(Mpipe.Stage(abs)) as pipeline:
                def work(n):
                    for i in range(n):
                        for task in (-i, -1.5 * i, -1 << 70):
                            pipeline.put(task)
                        if i % 100 == 99:
                            for _ in range(300):
                                pipeline.get()
                work(5000)
                before = resident()
                work(20000)
                self.assertLess(resident() - before, 8 << 20)

    kit.main()

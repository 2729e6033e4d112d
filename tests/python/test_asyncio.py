#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors
"""Programs that await, and workers that do."""

import asyncio
import gc
import threading

import kit
from kit import Mpipe


def double(task):
    return 2 * task


def divide(task):
    return 10 // task


async def count_open(task):
    """How many tasks are open in this process when all of 'count' have begun."""
    count_open.n = getattr(count_open, 'n', 0) + 1
    if not hasattr(count_open, 'all'):
        count_open.all = asyncio.Event()
    if count_open.n == task:
        count_open.all.set()
    await count_open.all.wait()
    return count_open.n


async def fail_later(task):
    await asyncio.sleep(0)
    return 10 // task


async def several(task):
    for i in range(task):
        await asyncio.sleep(0)
        yield i


async def last_first(task):
    """Tasks end in the order that is opposite to that in which they began: 0 lets all end."""
    waiting = last_first.__dict__.setdefault('waiting', [])
    if task == 0:
        for future in reversed(waiting):
            future.set_result(None)
        return 0
    waiting.append(asyncio.get_running_loop().create_future())
    await waiting[-1]
    return task


class AsyncClass(Mpipe.Worker):
    def do_start(self):
        self.factor = self.parameters['factor']

    async def do_task(self, task):
        await asyncio.sleep(0)
        self.put_result(task)
        return task * self.factor


async def wait_for_ever(task):
    if task == 'other':
        return task
    try:
        await asyncio.Event().wait()
    finally:
        open(task, 'w').close()


class Asyncio(kit.TestCase):
    def test_results_are_awaited(self):
        async def main():
            async with Mpipe.Pipeline(Mpipe.Stage(double, 2)) as pipeline:
                for i in range(100):
                    await pipeline.put_async(i)
                self.assertEqual([await pipeline.get_async() for _ in range(100)], [2 * i for i in range(100)])
            self.assertIsNone(await pipeline.get_async())
        asyncio.run(main())

    def test_results_are_iterated_for(self):
        async def main():
            pipeline = Mpipe.Pipeline(Mpipe.Stage(double, 2))
            for i in range(1000):
                pipeline.put(i)
            pipeline.stop()
            self.assertEqual([result async for result in pipeline], [2 * i for i in range(1000)])
            await pipeline.wait_async()
        asyncio.run(main())

    def test_iterating_goes_on_after_a_failure(self):
        async def main():
            async with Mpipe.Pipeline(Mpipe.Stage(divide)) as pipeline:
                for task in [1, 0, 2]:
                    pipeline.put(task)
            results, failures = [], 0
            iterator = aiter(pipeline)
            while True:
                try:
                    results.append(await anext(iterator))
                except Mpipe.TaskError:
                    failures += 1
                except StopAsyncIteration:
                    break
            self.assertEqual((results, failures), ([10, 5], 1))
        asyncio.run(main())

    def test_the_loop_goes_on_while_results_are_awaited(self):
        async def main():
            async with Mpipe.Pipeline(Mpipe.Stage(double)) as pipeline:
                waiting = asyncio.ensure_future(pipeline.get_async())
                await asyncio.sleep(0)
                pipeline.put(4)
                self.assertEqual(await waiting, 8)
        asyncio.run(main())

    def test_who_gives_up_waiting_loses_nothing(self):
        async def main():
            async with Mpipe.Pipeline(Mpipe.Stage(double)) as pipeline:
                with self.assertRaises(asyncio.TimeoutError):
                    await asyncio.wait_for(pipeline.get_async(), 0.02)
                pipeline.put(4)
                self.assertEqual(await pipeline.get_async(), 8)
        asyncio.run(main())

    def test_many_await_at_a_time(self):
        async def main():
            async with Mpipe.Pipeline(Mpipe.Stage(double, 2)) as pipeline:
                waiting = [asyncio.ensure_future(pipeline.get_async()) for _ in range(50)]
                for i in range(50):
                    pipeline.put(i)
                self.assertEqual(sorted(await asyncio.gather(*waiting)), [2 * i for i in range(50)])
        asyncio.run(main())

    def test_putting_waits_where_there_is_a_limit(self):
        async def main():
            async with Mpipe.Pipeline(Mpipe.Stage(double, max_backlog=3)) as pipeline:
                puts = [asyncio.ensure_future(pipeline.put_async(i)) for i in range(20)]
                done, _ = await asyncio.wait(puts, timeout=0.05)
                self.assertEqual(len(done), 3)
                self.assertEqual([await pipeline.get_async() for _ in range(20)], [2 * i for i in range(20)])
                await asyncio.gather(*puts)
        asyncio.run(main())

    def test_a_put_that_is_given_up(self):
        async def main():
            async with Mpipe.Pipeline(Mpipe.Stage(double, max_backlog=1)) as pipeline:
                await pipeline.put_async(1)
                with self.assertRaises(asyncio.TimeoutError):
                    await asyncio.wait_for(pipeline.put_async(2), 0.02)
                self.assertEqual(await pipeline.get_async(), 2)
                await pipeline.put_async(3)
                self.assertEqual(await pipeline.get_async(), 6)
        asyncio.run(main())

    def test_a_block_that_is_left_by_an_exception(self):
        async def main():
            async with Mpipe.Pipeline(Mpipe.Stage(double, max_backlog=1)) as pipeline:
                await pipeline.put_async(1)
                raise KeyError('mine')
        with self.assertRaisesRegex(KeyError, 'mine'):
            asyncio.run(main())

    def test_threads_end_with_the_pipeline(self):
        async def main():
            for _ in range(3):
                pipeline = Mpipe.Pipeline(Mpipe.Stage(double, max_backlog=2))
                waiting = asyncio.ensure_future(pipeline.get_async())
                await asyncio.sleep(0)
                waiting.cancel()
                try:
                    await waiting
                except asyncio.CancelledError:
                    pass
                pipeline.terminate()
                await pipeline.wait_async()
                del pipeline, waiting
        asyncio.run(main())
        gc.collect()
        kit.wait_until(lambda: not [t for t in threading.enumerate() if t.name.startswith('mpipe')], 'the end of threads')


class Coroutines(kit.TestCase):
    def test_several_tasks_are_open_in_one_process(self):
        self.assertEqual(self.work(Mpipe.Stage(count_open, concurrency=5), [5] * 5), [5] * 5)

    def test_results_keep_the_order_of_tasks(self):
        stage = Mpipe.Stage(last_first, concurrency=4)
        self.assertEqual(self.work(stage, [1, 2, 3, 0]), [1, 2, 3, 0])

    def test_results_come_as_they_are_ready(self):
        stage = Mpipe.Stage(last_first, concurrency=4, ordered=False)
        self.assertEqual(sorted(self.work(stage, [1, 2, 3, 0])), [0, 1, 2, 3])

    def test_a_coroutine_fails(self):
        with Mpipe.Pipeline(Mpipe.Stage(fail_later, concurrency=3)) as pipeline:
            for task in [1, 0, 2]:
                pipeline.put(task)
        self.assertEqual(pipeline.get(), 10)
        error = self.fails(pipeline, Mpipe.Error.TASK_FAILED)
        self.assertIn('return 10 // task', error.traceback)
        self.assertEqual(list(pipeline), [5])

    def test_an_async_generator_gives_several_results(self):
        self.assertEqual(self.work(Mpipe.Stage(several, concurrency=2), [2, 0, 3]), [0, 1, 0, 1, 2])

    def test_a_class(self):
        stage = Mpipe.Stage(AsyncClass, concurrency=3, parameters={'factor': 10})
        self.assertEqual(self.work(stage, [1, 2]), [1, 10, 2, 20])

    def test_many(self):
        self.assertEqual(self.work(Mpipe.Stage(fail_later, 2, concurrency=10), [1] * 2000), [10] * 2000)

    def test_a_cancelled_task_is_told(self):
        import os
        import tempfile
        with tempfile.TemporaryDirectory() as folder, \
                Mpipe.Pipeline(Mpipe.Stage(wait_for_ever, concurrency=2, ordered=False)) as pipeline:
            path = folder + '/told'
            waiting = pipeline.put(path)
            pipeline.put('other')
            self.assertEqual(pipeline.get(), 'other')
            self.assertTrue(pipeline.cancel_task(waiting))
            self.fails(pipeline)
            kit.wait_until(lambda: os.path.exists(path))


if __name__ == '__main__':
    kit.main()

#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors
"""How fast, beside the peers in the same run: lines of a key and a value.

    bench.py [--smoke]

Rates are tasks per second, medians of five rounds in which all take turns; `…_to_imap` is our rate by that of
multiprocessing.Pool.imap with chunks of one. With --smoke all is done once, with few tasks.
"""

import concurrent.futures
import multiprocessing
import statistics
import sys
import time

import gi

gi.require_version('Mpipe', '1.0')
from gi.repository import Mpipe  # noqa: E402 (the version is required first)

try:
    import joblib
except ImportError:
    joblib = None
try:
    import numpy
except ImportError:
    numpy = None

SMOKE = '--smoke' in sys.argv
ROUNDS = 1 if SMOKE else 5
N_WORKERS = 2


def add_one(number):
    return number + 1


def add_three(number):
    return number + 3


def same(task):
    return task


def n_tasks(n):
    return max(n // 1000, 10) if SMOKE else n


class Ours:
    """A pipeline that stays."""

    def __init__(self, worker, n_stages=1):
        first = last = Mpipe.Stage(worker, size=N_WORKERS)
        for _ in range(n_stages - 1):
            following = Mpipe.Stage(worker, size=N_WORKERS)
            last.link(following)
            last = following
        self.pipeline = Mpipe.Pipeline(first)

    def stream(self, tasks):
        """Puts all and gets all, with no more than some on their way."""
        put, get = self.pipeline.put, self.pipeline.get
        n_ahead = min(len(tasks), 20000 if isinstance(tasks, range) else 16)
        for task in tasks[:n_ahead]:
            put(task)
        results = []
        for task in tasks[n_ahead:]:
            put(task)
            results.append(get())
        results += [get() for _ in range(n_ahead)]
        return results

    def round_trips(self, tasks):
        put, get, results = self.pipeline.put, self.pipeline.get, []
        for task in tasks:
            put(task)
            results.append(get())
        return results


def check(results, tasks, change):
    assert len(results) == len(tasks), len(results)
    if change is not None:
        assert all(result == task + change for result, task in zip(results, tasks))


def measure(name, all_tasks, ways, change=None, n_of_peers=None):
    """`ways`: {peer: function of the tasks that returns the results}. Prints and returns {peer: tasks per second}.
    Peers that would need minutes are given only so many."""
    rates = {peer: [] for peer in ways}
    for _ in range(ROUNDS):
        for peer, way in ways.items():
            tasks = all_tasks if peer == 'mpipe' or n_of_peers is None else all_tasks[:n_of_peers]
            begun = time.perf_counter()
            results = way(tasks)
            rates[peer].append(len(tasks) / (time.perf_counter() - begun))
            check(results, tasks, change)
            del results
    medians = {peer: statistics.median(values) for peer, values in rates.items()}
    for peer, rate in medians.items():
        print(f'{name}_{peer} {rate:.0f}', flush=True)
    return medians


def ratio(name, medians, peer, swap=False):
    value = medians[peer] / medians['mpipe'] if swap else medians['mpipe'] / medians[peer]
    print(f'{name} {value:.2f}', flush=True)


def main():
    pool = multiprocessing.Pool(N_WORKERS)
    executor = concurrent.futures.ProcessPoolExecutor(N_WORKERS)
    list(executor.map(add_one, range(10)))
    one, three, echo = Ours(add_one), Ours(add_one, 3), Ours(same)
    pools = [multiprocessing.Pool(N_WORKERS) for _ in range(3)]

    def imap(tasks):
        return list(pool.imap(add_one, tasks, 1))

    def imap_3(tasks):
        for stage in pools:
            tasks = stage.imap(add_one, tasks, 1)
        return list(tasks)

    numbers = range(n_tasks(200000))
    ways = {'mpipe': one.stream, 'imap': imap}
    if joblib is not None:
        parallel = joblib.Parallel(N_WORKERS)
        ways['joblib'] = lambda tasks: parallel(map(joblib.delayed(add_one), tasks))
    medians = measure('ints_1', numbers, ways, 1, 40000)
    ratio('ints_1_to_imap', medians, 'imap')
    measure('ints_1', range(n_tasks(5000)), {'executor_map': lambda tasks: list(executor.map(add_one, tasks))}, 1)
    medians = measure('ints_3', numbers, {'mpipe': three.stream, 'imap': imap_3}, 3, 10000)
    ratio('ints_3_to_imap', medians, 'imap')

    blobs = [bytes(1 << 20)] * n_tasks(100)
    medians = measure('mebibytes', blobs, {'mpipe': echo.stream, 'imap': lambda tasks: list(pool.imap(same, tasks, 1))})
    ratio('mebibytes_to_imap', medians, 'imap')
    if numpy is not None:
        arrays = [numpy.zeros(1 << 17)] * n_tasks(100)
        medians = measure('arrays', arrays,
                          {'mpipe': echo.stream, 'imap': lambda tasks: list(pool.imap(same, tasks, 1))})
        ratio('arrays_to_imap', medians, 'imap')

    medians = measure('round_trips', range(max(n_tasks(3000), 100)),
                      {'mpipe': one.round_trips, 'apply': lambda tasks: [pool.apply(add_one, (t,)) for t in tasks]}, 1)
    ratio('round_trip_time_to_apply', medians, 'apply', swap=True)
    for each in [pool, *pools]:
        each.terminate()
        each.join()
    executor.shutdown()
    if joblib is not None:
        joblib.externals.loky.get_reusable_executor().shutdown()
    for ours in (one, three, echo):
        ours.pipeline.stop()
        ours.pipeline.wait()


if __name__ == '__main__':
    main()

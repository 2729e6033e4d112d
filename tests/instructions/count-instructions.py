#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors
"""Counts the instructions that the library spends on a task, and compares them with a table.

    count-instructions.py PROGRAM KEY              more than 5 % away from the table is a failure
    count-instructions.py PROGRAM KEY --update     writes the table
    count-instructions.py PROGRAM KEY --self-test  shows that a difference of 6 % is found, and one of 3 % is not

PROGRAM is mpipe-instructions. Each of its workloads is run under callgrind for N and for 2 N tasks; the difference
is what N tasks cost, without the start. The counts are those of one architecture, compiler, level of optimisation and
version of GLib: the KEY, which names the table in expected/. Where there is none the test is skipped; then --update
makes one. With meson:

    meson compile -C build update-instructions
"""

import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

TABLES = pathlib.Path(__file__).resolve().parent / 'expected'
N_TASKS = 1000
TOLERANCE = 0.05
SKIPPED = 77
TOTAL = re.compile(r'^(?:summary|totals): (\d+)', re.MULTILINE)
# What differs from one machine or moment to another is kept away.
ENVIRONMENT = {'PATH': '/usr/bin:/bin', 'LC_ALL': 'C.UTF-8', 'G_SLICE': 'always-malloc',
               'GIO_USE_VFS': 'local'}


def count(program, workload, n_tasks, extra):
    with tempfile.TemporaryDirectory() as folder:
        output = pathlib.Path(folder) / 'callgrind.out'
        command = ['valgrind', '--quiet', '--tool=callgrind', f'--callgrind-out-file={output}',
                   program, workload, str(n_tasks), str(extra)]
        result = subprocess.run(command, env=ENVIRONMENT, capture_output=True, encoding='utf-8')
        if result.returncode != 0:
            raise RuntimeError(f'{" ".join(command)}:\n{result.stdout}{result.stderr}')
        return int(TOTAL.search(output.read_text()).group(1))


def measure(program, workload, extra=0):
    """Returns the instructions of one task."""
    return (count(program, workload, 2 * N_TASKS, extra)
            - count(program, workload, N_TASKS, extra)) / N_TASKS


def list_workloads(program):
    return subprocess.run([program], check=True, capture_output=True, encoding='utf-8').stdout.split()


def read_table(path):
    lines = path.read_text(encoding='utf-8').splitlines()
    return {name: float(number) for name, number in (line.split() for line in lines)}


def judge(name, measured, expected):
    """Returns what is wrong, or None."""
    if expected is None:
        return 'is not in the table: update it'
    difference = measured / expected - 1
    if difference > TOLERANCE:
        return f'{difference:.1%} more than before: find out why, or update the table'
    if difference < -TOLERANCE:
        return f'{-difference:.1%} less than before: update the table'
    return None


def compare(program, table):
    expected = read_table(table)
    ok = True
    for name in list_workloads(program):
        measured = measure(program, name)
        complaint = judge(name, measured, expected.pop(name, None))
        print(f'{name:24} {measured:8.1f} instructions per task{": " + complaint if complaint else ""}',
              flush=True)
        ok = ok and complaint is None
    for name in expected:
        print(f'{name:24} is in the table, and is no workload: update it')
    return ok and not expected


def update(program, table):
    lines = [f'{name} {measure(program, name):.1f}\n' for name in list_workloads(program)]
    table.parent.mkdir(exist_ok=True)
    table.write_text(''.join(lines), encoding='utf-8')
    print(f'{table}:\n{"".join(lines)}', end='')


def self_test(program, workload='convert-int64'):
    """Returns whether the same program counts the same, and one with so many instructions more counts that."""
    plain = measure(program, workload)
    again = measure(program, workload)
    one = (measure(program, workload, 40) - plain) / 40  # instructions of one more addition
    little = measure(program, workload, round(0.03 * plain / one))
    much = measure(program, workload, round(0.06 * plain / one))
    cases = [
        ('the same again', judge(workload, again, plain), None),
        ('3 % more', judge(workload, little, plain), None),
        ('6 % more', judge(workload, much, plain), 'more than before'),
        ('as much less', judge(workload, plain, much), 'less than before'),
        ('a new one', judge(workload, plain, None), 'not in the table'),
    ]
    ok = True
    for name, complaint, words in cases:
        found = complaint is None if words is None else complaint is not None and words in complaint
        print(f'{name}: {complaint or "nothing to complain about"}{"" if found else ", NOT as expected"}')
        ok = ok and found
    return ok


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('program')
    parser.add_argument('key')
    parser.add_argument('--update', action='store_true')
    parser.add_argument('--self-test', action='store_true')
    arguments = parser.parse_args()
    table = TABLES / f'{arguments.key}.txt'
    if arguments.self_test:
        return 0 if self_test(arguments.program) else 1
    if arguments.update:
        update(arguments.program, table)
        return 0
    if not table.exists():
        print(f'no counts are known for {arguments.key}; --update would write {table.name}')
        return SKIPPED
    return 0 if compare(arguments.program, table) else 1


if __name__ == '__main__':
    sys.exit(main())

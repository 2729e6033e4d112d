#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors
"""The module mpipe: each of programs/*.py prints what programs/expected/*.txt says."""

import inspect
import pathlib

import kit

PROGRAMS = pathlib.Path(__file__).resolve().parent / 'programs'
NAMES = ['OrderedWorker', 'UnorderedWorker', 'Stage', 'OrderedStage', 'UnorderedStage', 'Pipeline', 'FilterWorker',
         'FilterStage']


class DropIn(kit.TestCase):
    def test_every_name_is_there_and_in_a_module_of_its_name(self):
        import importlib
        import mpipe
        for name in NAMES:
            self.assertTrue(inspect.isclass(getattr(mpipe, name)), name)
            module = importlib.import_module(f'mpipe.{name}')
            self.assertIs(getattr(module, name), getattr(mpipe, name))
            self.assertIs(getattr(getattr(mpipe, name), name), getattr(mpipe, name), f'mpipe.{name}.{name}')


def expected_of(program):
    return PROGRAMS / 'expected' / f'{program.stem}.txt'


def add(program):
    def test(self):
        # the program's own prints are not held back; those of its workers are not told to be so
        ran = kit.run(['-u', program])
        self.assertEqual((ran.output, ran.status), (expected_of(program).read_text(), 0), ran.errors)
        self.assertEqual(ran.errors, '')
    setattr(DropIn, f'test_program_{program.stem}', test)


for path in sorted(PROGRAMS.glob('*.py')):
    add(path)
assert {path.stem for path in PROGRAMS.glob('*.py')} == {path.stem for path in PROGRAMS.glob('expected/*.txt')}


if __name__ == '__main__':
    kit.main()

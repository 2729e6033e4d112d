#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors
"""The type stubs name what is there, with its arguments; and mypy reads them where it is installed."""

import ast
import inspect
import shutil
import subprocess
import tempfile
import unittest

import kit
import mpipe
from kit import Mpipe

PYTHON = kit.TOP / 'introspection' / 'python'
STUBS = {Mpipe: PYTHON / 'gi' / 'overrides' / 'Mpipe.pyi', mpipe: PYTHON / 'mpipe' / '__init__.pyi'}


def classes_of(path):
    return {node.name: node for node in ast.parse(path.read_text()).body if isinstance(node, ast.ClassDef)}


def methods_of(node):
    return {item.name: item for item in node.body if isinstance(item, (ast.FunctionDef, ast.AsyncFunctionDef))}


def public_methods(class_):
    """What a class of ours defines itself, in Python."""
    names = set()
    for base in class_.__mro__:
        if base.__module__.split('.')[0] == 'mpipe' or base.__module__ == 'gi.overrides.Mpipe':
            names |= {name for name, value in vars(base).items()
                      if (not name.startswith('_') or name.startswith('__'))
                      and (inspect.isfunction(value) or isinstance(value, (property, classmethod)))}
    return names - {'__repr__', '__new__', '__reduce__', '__str__'}


class Stubs(kit.TestCase):
    def test_what_is_named_is_there(self):
        for module, path in STUBS.items():
            for name, node in classes_of(path).items():
                real = getattr(module, name)
                for method in methods_of(node):
                    self.assertTrue(hasattr(real, method), f'{name}.{method}')

    def test_what_is_there_is_named(self):
        for module, path in STUBS.items():
            stubs = classes_of(path)
            for name in (['TaskError', 'Worker', 'Stage', 'FilterStage', 'Pipeline'] if module is Mpipe
                         else mpipe.__all__):
                named = set(methods_of(stubs[name]))
                for base in stubs[name].bases:
                    if isinstance(base, ast.Name) and base.id in stubs:
                        named |= set(methods_of(stubs[base.id]))
                self.assertLessEqual(public_methods(getattr(module, name)), named, name)

    def test_arguments_have_their_names(self):
        for module, path in STUBS.items():
            for name, node in classes_of(path).items():
                for method, stub in methods_of(node).items():
                    real = getattr(getattr(module, name), method)
                    if not inspect.isfunction(real) or any('overload' in ast.dump(d) for d in stub.decorator_list):
                        continue
                    names = {argument.arg for argument in stub.args.args + stub.args.kwonlyargs}
                    parameters = inspect.signature(real).parameters
                    wanted = {n for n, p in parameters.items() if n[0] != '_'
                              and p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)}
                    self.assertLessEqual(wanted, names, f'{name}.{method}')
                    if not any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
                        self.assertEqual(wanted, names, f'{name}.{method}')

    @unittest.skipUnless(shutil.which('mypy'), 'mypy is not installed')
    def test_mypy_reads_them(self):
        with tempfile.TemporaryDirectory() as folder:
            for path in STUBS.values():
                done = subprocess.run(['mypy', '--ignore-missing-imports', f'--cache-dir={folder}', path],
                                      capture_output=True, text=True)
                self.assertEqual(done.returncode, 0, done.stdout)


if __name__ == '__main__':
    kit.main()

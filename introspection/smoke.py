#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors
"""Tries the introspection data in the build directory with plain PyGObject.

Meson (mpipe_lib: the shared library; mpipe_gir: what gnome.generate_gir() returned):

    test('smoke', python3, args: files('smoke.py'), suite: 'introspection', depends: mpipe_gir,
      env: {'GI_TYPELIB_PATH': meson.project_build_root() / 'mpipe-glib',
            'LD_LIBRARY_PATH': meson.project_build_root() / 'mpipe-glib'})
"""

import sys

SKIP = 77

try:
    import gi
    from gi.repository import Gio, GLib, GObject
except ImportError as error:
    print(f'1..0 # SKIP PyGObject is not here: {error}')
    sys.exit(SKIP)

gi.require_version('Mpipe', '1.0')
from gi.repository import Mpipe  # noqa: E402 (the version is required first)


def expect_error(codes, function, *arguments):
    """Calls a function that must fail with one of the codes of Mpipe.Error."""
    try:
        function(*arguments)
    except GLib.Error as error:
        assert any(error.matches(Mpipe.Error.quark(), code) for code in codes), \
            f'{error.domain} {error.code}: {error.message}'
        assert error.message, 'the error has no message'
        print(f'# {error.message}')
        return
    raise AssertionError(f'{function.__name__} did not fail')


def test_classes():
    for name, parent in [('Pipeline', GObject.Object), ('Stage', GObject.Object),
                         ('FilterStage', Mpipe.Stage), ('Worker', GObject.Object),
                         ('WorkerInfo', GObject.Object), ('Launcher', GObject.Object),
                         ('SubprocessLauncher', Mpipe.Launcher)]:
        assert issubclass(getattr(Mpipe, name), parent), f'{name} is no {parent.__name__}'
    assert issubclass(Mpipe.Pipeline, Gio.Initable)
    assert issubclass(Mpipe.Pipeline, Gio.AsyncInitable)


def test_memory_limit():
    launcher = Mpipe.SubprocessLauncher(control_group='/nowhere')
    assert launcher.get_control_group() == launcher.props.control_group == '/nowhere'
    assert 'is no control group' in launcher.get_control_group_problem()
    assert Mpipe.WorkerInfo().props.memory_limit == Mpipe.MemoryLimit.NONE


def test_stage():
    stage = Mpipe.Stage.new_ordered('scale', 3)
    assert (stage.get_worker(), stage.get_size(), stage.get_ordered()) == ('scale', 3, True)
    stage.props.name = 'scaling'
    assert stage.get_name() == 'scaling'
    assert not Mpipe.Stage.new_unordered('scale', 1).props.ordered
    command = Mpipe.Stage.new_command(['/bin/cat', '-u'], 1)
    assert command.get_command() == ['/bin/cat', '-u']


def test_filter_stage():
    inner = Mpipe.Stage.new_ordered('slow', 1)
    stage = Mpipe.FilterStage.new([inner])
    assert isinstance(stage, Mpipe.FilterStage)
    assert stage.get_stages() == [inner]
    stage.set_max_tasks(2)
    assert stage.props.max_tasks == 2


def test_links():
    first, second, third = (Mpipe.Stage.new_ordered(name, 1) for name in ('a', 'b', 'c'))
    assert first.link(second) is first
    first.link(third)
    assert first.get_next() == [second, third]


def test_invalid_graph():
    first, second = Mpipe.Stage.new_ordered('a', 1), Mpipe.Stage.new_ordered('b', 1)
    first.link(second)
    second.link(first)
    expect_error([Mpipe.Error.INVALID_GRAPH], Mpipe.Pipeline.new, first)


def test_launch_error():
    def use_stage_that_cannot_start():
        pipeline = Mpipe.Pipeline.new(Mpipe.Stage.new_command(['/nonexistent/worker'], 1))
        pipeline.put(GLib.Variant('x', 1), None)
        pipeline.get(None)

    expect_error([Mpipe.Error.LAUNCH], use_stage_that_cannot_start)


def main():
    tests = [value for name, value in globals().items() if name.startswith('test_')]
    failed = 0
    for test in tests:
        name = test.__name__[len('test_'):].replace('_', ' ')
        try:
            test()
            print(f'ok {name}', flush=True)
        except Exception as error:  # pylint: disable=broad-except (each test is told of)
            failed += 1
            print(f'not ok {name}: {type(error).__name__}: {error}', flush=True)
    print(f'{len(tests) - failed} of {len(tests)} as expected')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())

# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors
"""What of this program can be done by a worker process, and how a process becomes one.

A worker is a new Python process, not a copy of this one. It imports the module of the function or class that it
is to run; when that is the program itself, it runs the program again, under the name `__mp_main__`, as
multiprocessing does, so that what stands below `if __name__ == '__main__':` is not done again. A program without
that line is run up to the point where it makes its first pipeline: there the process becomes the worker.
"""

import functools
import importlib.util
import inspect
import io
import os
import pickle
import sys
import types

MAIN_NAMES = ('__main__', '__mp_main__')
PARAMETER = 'mpipe-python'
_START = 'import sys; sys.path.insert(0, {!r}); from mpipe_glib.worker import main; main()'


# What a worker process makes of the program's own classes is found here under the name that it has there.
sys.modules.setdefault('__mp_main__', sys.modules['__main__'])


class NotRepeatable(RuntimeError):
    """The program cannot be run again, so what it defines cannot be done in another process."""


# In the application.

def find_main():
    """How the program was started: ('module', NAME), ('path', FILE), or None if it cannot be started again."""
    module = sys.modules['__main__']
    spec = getattr(module, '__spec__', None)
    if spec is not None and spec.name not in MAIN_NAMES:
        return 'module', spec.name
    path = getattr(module, '__file__', None)
    if path is None or not os.path.isfile(path):
        return None
    return 'path', os.path.abspath(path)


def _name_of(target):
    return getattr(target, '__qualname__', None) or repr(target)


def _is_of_main(target):
    while isinstance(target, functools.partial):
        target = target.func
    return getattr(target, '__module__', None) in MAIN_NAMES


def is_async(target):
    function = getattr(target, 'do_task', None) if isinstance(target, type) else target
    while isinstance(function, functools.partial):
        function = function.func
    return any(inspect.iscoroutinefunction(one) or inspect.isasyncgenfunction(one)
               for one in (function, getattr(function, '__call__', None)))


def check_target(target):
    """TypeError or NotRepeatable if a worker process cannot find `target`."""
    name = _name_of(target)
    if not callable(target):
        raise TypeError(f'{name} is not callable: a worker is a function or a class')
    if '<lambda>' in name:
        raise TypeError('a lambda cannot be done by another process, which cannot find it by a name; '
                        'define a function at the top level of a module')
    if '<locals>' in name:
        raise TypeError(f'{name} is defined inside a function, where another process cannot find it; '
                        'define it at the top level of a module')
    if _is_of_main(target) and find_main() is None:
        raise NotRepeatable(f'{name} is defined in a program that cannot be started again for its workers '
                            '(python -c, standard input, or an interactive session); '
                            'save it in a file, or define it in a module that can be imported')


def describe(adapter, target, **options):
    """The bytes from which a worker process makes its worker; see `restore`."""
    check_target(target)
    try:
        pickled = pickle.dumps(target, 5)
        pickled_options = pickle.dumps(options, 5)
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        raise TypeError(f'{_name_of(target)} cannot be sent to another process: {error}') from error
    return pickle.dumps({
        'adapter': adapter,
        'name': _name_of(target),
        'is_async': is_async(target),
        'target': pickled,
        'options': pickled_options,
        'main': find_main(),
        'path': [os.path.abspath(entry) for entry in sys.path],
        'argv': sys.argv,
    }, 5)


def make_command(stage_name):
    """The arguments of a worker process."""
    if not sys.executable:
        raise NotRepeatable('this program does not say which Python interpreter it runs in (sys.executable), '
                            'so it cannot start another')
    import subprocess
    flags = subprocess._args_from_interpreter_flags()
    directory = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    return [sys.executable, *flags, '-c', _START.format(directory), stage_name]


# In the worker process.

class _Loading:
    """The program is being run again; `become` is what is to be done when it has come far enough."""
    become = None


def become_worker_if_loading():
    """What makes a pipeline calls this first. In a process that runs the program again to become a worker it
    does not return; or it returns True when the program has not yet come to the worker, and is to go on without a
    pipeline."""
    if _Loading.become is None:
        return False
    _Loading.become()
    return True


class _Quiet:
    """What the program prints when it is run again has been printed before."""

    def __enter__(self):
        sys.stdout.flush()
        self._stdout = os.dup(1)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.close(nowhere)

    def __exit__(self, *exception):
        self.end()

    def end(self):
        if self._stdout is not None:
            sys.stdout.flush()
            os.dup2(self._stdout, 1)
            os.close(self._stdout)
            self._stdout = None


def _run_again(kind, name):
    module = types.ModuleType('__mp_main__')
    for main_name in MAIN_NAMES:
        sys.modules[main_name] = module
    if kind == 'module':
        spec = importlib.util.find_spec(name)
        code = spec.loader.get_code(name)
        module.__spec__ = spec
        module.__package__ = spec.parent
        module.__file__ = spec.origin
    else:
        with io.open_code(name) as file:
            code = compile(file.read(), name, 'exec')
        module.__file__ = name
    exec(code, module.__dict__)


def restore(description, run):
    """Makes of this process what the worker needs, and calls `run (adapter, target, options)`, which does not
    return. Exceptions are those of the program."""
    sys.argv = description['argv']
    sys.path[:] = description['path']
    quiet = _Quiet()

    def become(must):
        try:
            target = pickle.loads(description['target'])
        except AttributeError:
            if must:
                raise
            return
        _Loading.become = None
        quiet.end()
        run(description['adapter'], target, pickle.loads(description['options']))

    with quiet:
        if description['main'] is not None:
            _Loading.become = lambda: become(must=False)
            _run_again(*description['main'])
            _Loading.become = None
    become(must=True)

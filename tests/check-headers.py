#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors
"""Checks that each header of the library compiles alone, in any language that includes it.

    check-headers.py --source DIRECTORY --build DIRECTORY [--cc COMMAND] [--cxx COMMAND] -- FLAG...

Public headers must compile as C11 and as C++17, private ones as the library itself is compiled, and
the umbrella header by the name that programs use. Each is included twice. FLAGs are those of the
libraries that ours needs. Without a C++ compiler the test is skipped after its C part.

Meson:

    library_cflags = run_command(find_program('pkg-config'), '--cflags', 'gio-unix-2.0',
      'gmodule-no-export-2.0', check: true).stdout().strip().split()
    test('headers', python3, args: [files('check-headers.py'),
      '--source', meson.project_source_root(), '--build', meson.project_build_root(),
      '--cc', ' '.join(cc.cmd_array()), '--'] + library_cflags,
      suite: 'source', timeout: 120)
"""

import argparse
import concurrent.futures
import os
import pathlib
import shlex
import shutil
import subprocess
import sys

SKIP = 77
WARNINGS = ['-Wall', '-Wextra', '-Wpedantic', '-Wno-unused-parameter', '-Werror', '-fsyntax-only']
PUBLIC_C = ['-x', 'c', '-std=c11', '-Wstrict-prototypes', '-Wmissing-prototypes']
PUBLIC_CXX = ['-x', 'c++', '-std=c++17']
PRIVATE_C = ['-x', 'c', '-std=gnu11', '-D_GNU_SOURCE']


def parse_arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument('--source', type=pathlib.Path, required=True)
    parser.add_argument('--build', type=pathlib.Path, required=True)
    parser.add_argument('--cc', default='cc')
    parser.add_argument('--cxx', default='c++')
    parser.add_argument('flags', nargs='*')
    return parser.parse_args()


def find_headers(arguments):
    """Returns the names of the library's headers, written and generated."""
    return sorted({path.relative_to(root).as_posix()
                   for root in (arguments.source, arguments.build)
                   for path in (root / 'mpipe-glib').rglob('*.h')})


def as_system_includes(flags):
    """Returns flags that keep the headers of other libraries from warning."""
    return [flag.replace('-I', '-isystem', 1) if flag.startswith('-I') else flag for flag in flags]


def compile_alone(command, name):
    """Returns (what was compiled, what the compiler says, "" when it is content)."""
    program = f'#include {name}\n#include {name}\nextern int so_that_there_is_something;\n'
    compiler = subprocess.run(command + ['-'], input=program, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False)
    said = compiler.stdout.strip()
    if compiler.returncode != 0 and not said:
        said = f'{command[0]} ended with status {compiler.returncode}'
    return f'{name} as {command[command.index("-x") + 1]}', said


def main():
    arguments = parse_arguments()
    cc, cxx = shlex.split(arguments.cc), shlex.split(arguments.cxx)
    has_cxx = shutil.which(cxx[0]) is not None
    roots = [arguments.source, arguments.build]
    ours = [f'-I{root}' for root in roots]
    library = as_system_includes(arguments.flags)
    headers = find_headers(arguments)

    jobs = []
    for header in headers:
        name = f'"{header}"'
        if header.endswith('-private.h'):
            jobs.append((cc + PRIVATE_C + WARNINGS + ours + library, name))
            continue
        languages = [cc + PUBLIC_C] + ([cxx + PUBLIC_CXX] if has_cxx else [])
        jobs += [(language + WARNINGS + ours + library, name) for language in languages]
        if header == 'mpipe-glib/mpipe-glib.h':
            as_installed = [f'-I{root}/mpipe-glib' for root in roots]
            jobs += [(language + WARNINGS + ours + as_installed + library, '<mpipe-glib.h>')
                     for language in languages]

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(lambda job: compile_alone(*job), jobs))
    failures = [(what, said) for what, said in results if said]
    for what, said in failures:
        print(f'{what} does not compile alone:\n{said}\n')
    print(f'{len(headers)} headers, {len(jobs)} compilations, {len(failures)} failed')

    if failures or not headers:
        return 1
    if not has_cxx:
        print(f'no C++ compiler ({arguments.cxx}): the headers were not tried as C++')
        return SKIP
    return 0


if __name__ == '__main__':
    sys.exit(main())

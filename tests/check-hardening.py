#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors
"""Checks that the library and its programs were built so that faults in them are hard to use.

    check-hardening.py [--optimised] LIBRARY PROGRAM...

Each file must be loaded anywhere (a library, or a position-independent program), have its tables of addresses made
read-only before it runs, no stack that is executable, and no segment that can be both written and executed. At least one
must look for broken stacks, and, with --optimised, one use the checked functions of the C library: small programs may
have no need of either. Files are read by readelf, of binutils.
"""

import re
import subprocess
import sys


def readelf(option, path):
    return subprocess.run(['readelf', '--wide', option, path], check=True, capture_output=True,
                          text=True).stdout


def find_faults(headers, segments, dynamic):
    """Yields what is wrong with one file, by what readelf says of it."""
    if not re.search(r'Type:\s+DYN', headers):
        yield 'is not position-independent'
    if 'GNU_RELRO' not in segments:
        yield 'keeps its tables of addresses writable'
    if not re.search(r'BIND_NOW|FLAGS.*\bNOW\b', dynamic):
        yield 'looks up functions while it runs'
    stack = re.search(r'GNU_STACK.*', segments)
    if not stack or re.search(r'\sRWE\s', stack.group()):
        yield 'has an executable stack'
    if re.search(r'LOAD.*\sRWE\s', segments):
        yield 'has memory that can be written and executed'


def main(arguments):
    optimised = arguments[0] == '--optimised'
    paths = arguments[1:] if optimised else arguments
    faults = [f'{path} {fault}' for path in paths
              for fault in find_faults(readelf('--file-header', path),
                                       readelf('--program-headers', path),
                                       readelf('--dynamic', path))]
    symbols = ''.join(readelf('--dyn-syms', path) for path in paths)
    if '__stack_chk_fail' not in symbols:
        faults.append('nothing looks for broken stacks')
    if optimised and not re.search(r'__\w+_chk\b', symbols.replace('__stack_chk', '')):
        faults.append('nothing uses the checked functions of the C library')
    print('\n'.join(faults) or f'{len(paths)} files are as they should be')
    return 1 if faults else 0


def self_test():
    good = ('  Type:  DYN (Position-Independent Executable file)',
            '  LOAD 0 0 0 0 0 R E 0x1000\n  GNU_STACK 0 0 0 0 0 RW  0x10\n  GNU_RELRO 0 0 0 0 0 R 0x1',
            ' 0x1e (FLAGS) BIND_NOW\n 0x6ffffffb (FLAGS_1) Flags: NOW PIE')
    bad = {
        'is not position-independent': (0, 'DYN', 'EXEC'),
        'keeps its tables': (1, 'GNU_RELRO', 'NOTE'),
        'looks up functions': (2, 'NOW', 'LATER'),
        'has an executable stack': (1, 'RW  0x10', 'RWE 0x10'),
        'has memory that': (1, 'R E 0x1000', 'RWE 0x1000'),
    }
    assert not list(find_faults(*good)), 'a good file has faults'
    for fault, (part, old, new) in bad.items():
        changed = list(good)
        changed[part] = changed[part].replace(old, new)
        found = list(find_faults(*changed))
        assert len(found) == 1 and found[0].startswith(fault), f'{fault}: found {found}'
    return 0


if __name__ == '__main__':
    sys.exit(self_test() if sys.argv[1:] == ['--self-test'] else main(sys.argv[1:]))

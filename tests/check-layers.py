#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors
"""Checks which file of the library includes which, and that every file says its licence.

    check-layers.py SOURCE-DIRECTORY     checks the project
    check-layers.py --self-test          checks that each rule finds what breaks it

Meson:

    test('layers', python3, args: [files('check-layers.py'), meson.project_source_root()],
      suite: 'source')
    test('layers-self-test', python3, args: [files('check-layers.py'), '--self-test'],
      suite: 'source')
"""

import os
import pathlib
import re
import sys
import tempfile

LIBRARY = 'mpipe-glib'
UMBRELLA = 'mpipe-glib/mpipe-glib.h'

# A folder, and the other folders that its files may include.
LAYERS = {
    'core': set(),
    'wire': {'core'},
    'flow': {'core'},
    'worker': {'wire', 'core'},
    'launch': {'wire', 'core'},
    'pipeline': {'launch', 'flow', 'core'},
}

# What a layer decides without: flow/ knows no objects, no input and output, and no clock.
GENERATED = {'config.h', 'mpipe-marshal.h'}
FORBIDDEN_SYSTEM_INCLUDES = {
    'flow': re.compile(
        r'gio/|glib-object\.h|glib-unix\.h|gmodule\.h|sys/|unistd\.h|time\.h|stdio\.h'),
}

# Files that say their licence: those with such a name, and those that begin with "#!".
LICENSED_SUFFIXES = {'.c', '.h', '.in', '.py', '.sh', '.md', '.toml', '.build', '.txt', '.map'}
LICENSED_NAMES = {'meson.build', 'meson_options.txt', 'NEWS', 'packages', '.clang-format',
                  '.editorconfig', '.gitignore'}
UNLICENSED_FOLDERS = {'.git', 'LICENSES', 'data', 'expected', 'corpus', '__pycache__'}
SPDX_LINES = ('SPDX-' 'License-Identifier:', 'SPDX-' 'FileCopyrightText:')

COMMENT_OR_STRING = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', re.DOTALL)
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(["<])([^">]+)[">]', re.MULTILINE)


def strip_comments(text):
    """Returns text without comments, with the same lines."""
    def replace(match):
        found = match.group()
        return found if found.startswith('"') else ' ' + '\n' * found.count('\n')
    return COMMENT_OR_STRING.sub(replace, text)


def read_includes(path):
    """Yields (line, quote, name) for each include of a file."""
    text = strip_comments(path.read_text(encoding='utf-8'))
    for match in INCLUDE.finditer(text):
        yield text.count('\n', 0, match.start()) + 1, match.group(1), match.group(2)


def get_module(name):
    """Returns the module of a file: foo.c, foo.h and foo-private.h are one."""
    stem = re.sub(r'(\.h\.in|\.c|\.h)$', '', name)
    return re.sub(r'-private$', '', stem)


def is_private(name):
    return name.endswith(('-private.h', '-private.h.in'))


def get_layer(name):
    """Returns the folder of a library file, "" for one beside the folders."""
    parts = name.split('/')
    return parts[1] if len(parts) > 2 else ''


def check_include(name, line, quote, included):
    """Yields what is wrong with one include of a library file."""
    where = f'{name}:{line}'
    layer = get_layer(name)
    is_ours = included not in GENERATED and (
        included.startswith(LIBRARY + '/') or os.path.basename(included).startswith('mpipe-'))

    if not is_ours:
        if quote == '"' and included not in GENERATED:
            yield (f'{where}: “{included}” is neither config.h nor of the project: '
                   'use <…> for what is the system\'s')
        forbidden = FORBIDDEN_SYSTEM_INCLUDES.get(layer)
        if forbidden and forbidden.match(included):
            yield f'{where}: {layer}/ must not know <{included}>'
        return

    if quote == '<' or not re.fullmatch(rf'{LIBRARY}/\w+/[\w.-]+', included):
        if not (included == UMBRELLA and quote == '"'):
            yield f'{where}: “{included}” must be included as "{LIBRARY}/<folder>/<file>"'
            return
    if included == UMBRELLA:
        yield f'{where}: {UMBRELLA} is for programs, not for the library itself'
        return
    if name == UMBRELLA:
        if is_private(included):
            yield f'{where}: a public header must not include the private {included}'
        return

    target = get_layer(included)
    if target not in LAYERS:
        yield f'{where}: there is no layer {target}/'
    elif target != layer and target not in LAYERS.get(layer, LAYERS.keys()):
        allowed = ', '.join(sorted(LAYERS[layer])) or 'nothing else'
        yield f'{where}: {layer}/ must not include {target}/ (it may include: {allowed})'
    if name.endswith(('.h', '.h.in')) and not is_private(name) and is_private(included):
        yield f'{where}: a public header must not include the private {included}'


def find_circle(edges):
    """Returns one shortest circle of a graph {module: {module: where}} as a list, or None."""
    best = None
    for start in sorted(edges):
        paths = {start: [start]}
        queue = [start]
        for module in queue:
            for following in sorted(edges.get(module, ())):
                if following == start and (best is None or len(paths[module]) < len(best)):
                    best = paths[module]
                if following not in paths:
                    paths[following] = paths[module] + [following]
                    queue.append(following)
    return best


def check_circles(edges):
    """Yields the circles of the module graph, at most one through each link."""
    while True:
        circle = find_circle(edges)
        if circle is None:
            return
        links = list(zip(circle, circle[1:] + circle[:1]))
        yield f'{edges[links[0][0]][links[0][1]]}: circle of modules: ' + '; '.join(
            f'{module} → {following} at {edges[module][following]}' for module, following in links)
        for module, following in links:
            edges[module].pop(following, None)


def check_library(root):
    """Yields what is wrong with the includes of the library."""
    edges = {}
    files = sorted(path for suffix in ('*.c', '*.h', '*.h.in')
                   for path in (root / LIBRARY).rglob(suffix))
    if not files:
        yield f'{LIBRARY}: no source files here'
    for path in files:
        name = path.relative_to(root).as_posix()
        if name != UMBRELLA and get_layer(name) not in LAYERS:
            yield f'{name}:1: lies in no layer'
        module = get_module(name)
        for line, quote, included in read_includes(path):
            yield from check_include(name, line, quote, included)
            target = get_module(included)
            if included.startswith(LIBRARY + '/') and target != module:
                edges.setdefault(module, {}).setdefault(target, f'{name}:{line}')
    yield from check_circles(edges)


def must_say_licence(path):
    if path.name in LICENSED_NAMES or path.suffix in LICENSED_SUFFIXES:
        return True
    with path.open('rb') as file:
        return file.read(2) == b'#!'


def check_licences(root):
    """Yields the files of the project that do not say their licence."""
    for folder, folders, names in os.walk(root):
        folder = pathlib.Path(folder)
        folders[:] = sorted(name for name in folders
                            if name not in UNLICENSED_FOLDERS
                            and not (folder / name / 'meson-private').exists()
                            and not (folder == root and name == 'build'))
        for path in sorted(folder / name for name in names):
            if not path.is_file() or not must_say_licence(path):
                continue
            beginning = '\n'.join(path.read_text(encoding='utf-8').split('\n', 12)[:12])
            beside = path.with_name(path.name + '.license')
            if beside.exists():
                beginning = beside.read_text(encoding='utf-8')
            for line in SPDX_LINES:
                if line not in beginning:
                    yield f'{path.relative_to(root)}:1: no “{line}” in the first lines'


def check(root):
    return [*check_library(root), *check_licences(root)]


# The self-test: a project in which all is right, and for each rule a change that breaks it.

HEAD = ''.join(f'/* {line} test */\n' for line in SPDX_LINES)
GOOD = {
    'meson.build': HEAD.replace('/*', '#').replace(' */', ''),
    'build/rubbish.c': 'no licence, but not ours\n',
    'tests/data/case.txt': 'data needs no licence of its own\n',
    UMBRELLA: HEAD + '#include "mpipe-glib/core/mpipe-a.h"\n',
    'mpipe-glib/core/mpipe-a.h': HEAD + '#include <glib.h>\n#include "mpipe-glib/core/mpipe-v.h"\n',
    'mpipe-glib/core/mpipe-v.h.in': HEAD,
    'mpipe-glib/core/mpipe-a-private.h': HEAD + '#include "mpipe-glib/core/mpipe-a.h"\n',
    'mpipe-glib/core/mpipe-a.c': HEAD + '#include "config.h"\n'
                                        '#include "mpipe-glib/core/mpipe-a-private.h"\n'
                                        '/* not code:\n#include "mpipe-glib/flow/mpipe-b.h"\n*/\n',
    'mpipe-glib/flow/mpipe-b.h': HEAD + '#include "mpipe-glib/core/mpipe-a.h"\n',
    'mpipe-glib/wire/mpipe-w-private.h': HEAD + '#include "mpipe-glib/core/mpipe-a-private.h"\n',
    'mpipe-glib/launch/mpipe-l.h': HEAD + '#include <gio/gio.h>\n',
    'mpipe-glib/launch/mpipe-l.c': HEAD + '#include "mpipe-glib/wire/mpipe-w-private.h"\n',
    'mpipe-glib/pipeline/mpipe-p.c': HEAD + '#include "mpipe-glib/flow/mpipe-b.h"\n'
                                            '#include "mpipe-glib/launch/mpipe-l.h"\n',
}
# (what is broken, the file and the text that replaces it or is added after "+", what is said)
BAD = [
    ('an include that points up', 'mpipe-glib/wire/mpipe-w-private.h',
     '+#include "mpipe-glib/worker/mpipe-x.h"\n',
     r'mpipe-w-private\.h:4: wire/ must not include worker/'),
    ('an include of a layer beside', 'mpipe-glib/pipeline/mpipe-p.c',
     '+#include "mpipe-glib/wire/mpipe-w-private.h"\n',
     r'mpipe-p\.c:5: pipeline/ must not include wire/'),
    ('a folder that is no layer', 'mpipe-glib/utils/mpipe-u.c', HEAD,
     r'mpipe-u\.c:1: lies in no layer'),
    ('a file beside the layers', 'mpipe-glib/mpipe-u.c', HEAD, r'mpipe-u\.c:1: lies in no layer'),
    ('an include of no layer', 'mpipe-glib/launch/mpipe-l.c',
     '+#include "mpipe-glib/utils/mpipe-u.h"\n', r'mpipe-l\.c:4: there is no layer utils/'),
    ('a circle of two', 'mpipe-glib/core/mpipe-a.c',
     '+#include "mpipe-glib/core/mpipe-c.h"\n', None),
    ('a circle of two', 'mpipe-glib/core/mpipe-c.c',
     HEAD + '#include "mpipe-glib/core/mpipe-a.h"\n',
     r'mpipe-a\.c:8: circle of modules: mpipe-glib/core/mpipe-a → mpipe-glib/core/mpipe-c at '),
    ('a circle of three', 'mpipe-glib/flow/mpipe-b.h',
     '+#include "mpipe-glib/flow/mpipe-c.h"\n', None),
    ('a circle of three', 'mpipe-glib/flow/mpipe-c-private.h',
     HEAD + '#include "mpipe-glib/flow/mpipe-d.h"\n', None),
    ('a circle of three', 'mpipe-glib/flow/mpipe-d.c',
     HEAD + '#include "mpipe-glib/flow/mpipe-b.h"\n',
     r'circle of modules: .*mpipe-b → .*mpipe-c → .*mpipe-d → '.replace(' → ', '.*')),
    ('no folder', 'mpipe-glib/launch/mpipe-l.c', '+#include "mpipe-l.h"\n',
     r'mpipe-l\.c:4: “mpipe-l\.h” must be included as'),
    ('a path that climbs', 'mpipe-glib/launch/mpipe-l.c', '+#include "../core/mpipe-a.h"\n',
     r'mpipe-l\.c:4: “\.\./core/mpipe-a\.h” must be included as'),
    ('angle brackets', 'mpipe-glib/launch/mpipe-l.c', '+#include <mpipe-glib/core/mpipe-a.h>\n',
     r'mpipe-l\.c:4: “mpipe-glib/core/mpipe-a\.h” must be included as'),
    ('the umbrella inside', 'mpipe-glib/launch/mpipe-l.c', '+#include "mpipe-glib/mpipe-glib.h"\n',
     r'mpipe-l\.c:4: mpipe-glib/mpipe-glib\.h is for programs'),
    ('quotes for the system', 'mpipe-glib/launch/mpipe-l.c', '+# include "string.h"\n',
     r'mpipe-l\.c:4: “string\.h” is neither'),
    ('objects in flow', 'mpipe-glib/flow/mpipe-b.h', '+#include <gio/gio.h>\n',
     r'mpipe-b\.h:4: flow/ must not know <gio/gio\.h>'),
    ('a private header in a public one', 'mpipe-glib/launch/mpipe-l.h',
     '+#include "mpipe-glib/core/mpipe-a-private.h"\n',
     r'mpipe-l\.h:4: a public header must not include the private'),
    ('a private header in the umbrella', UMBRELLA,
     '+#include "mpipe-glib/core/mpipe-a-private.h"\n',
     r'mpipe-glib\.h:4: a public header must not include the private'),
    ('no licence in a source file', 'mpipe-glib/core/mpipe-v.h.in', '\n',
     r'mpipe-v\.h\.in:1: no “SPDX-License'),
    ('no copyright in a build file', 'meson.build', f'# {SPDX_LINES[0]} test\n',
     r'^meson\.build:1: no “SPDX-FileCopyright'),
    ('no licence in a script', 'build-aux/tool', '#!/bin/sh\n', r'^build-aux/tool:1: no “SPDX'),
]


def write_project(root, changes):
    files = dict(GOOD)
    for name, text in changes:
        files[name] = files.get(name, HEAD) + text[1:] if text.startswith('+') else text
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding='utf-8')


def self_test():
    """Returns whether a good project passes, and each bad one fails, for its reason only."""
    cases = {'nothing': ([], [])}
    for what, name, text, message in BAD:
        changes, messages = cases.setdefault(what, ([], []))
        changes.append((name, text))
        messages += [message] if message else []

    ok = True
    for what, (changes, expected) in cases.items():
        with tempfile.TemporaryDirectory() as folder:
            write_project(pathlib.Path(folder), changes)
            problems = check(pathlib.Path(folder))
        for message in expected:
            if not any(re.search(message, problem) for problem in problems):
                print(f'self-test: {what} is broken, but is not found')
                ok = False
        for problem in problems:
            if not any(re.search(message, problem) for message in expected):
                # Both SPDX lines are missing at once where a file has neither.
                if what.startswith('no licence') and 'SPDX-FileCopyright' in problem:
                    continue
                print(f'self-test: {what} is broken, but it says: {problem}')
                ok = False
    print(f'self-test: {len(cases)} projects, {"as expected" if ok else "NOT as expected"}')
    return ok


def main(arguments):
    if arguments == ['--self-test']:
        return 0 if self_test() else 1
    if len(arguments) != 1 or arguments[0].startswith('-'):
        print(__doc__, file=sys.stderr)
        return 2
    problems = check(pathlib.Path(arguments[0]).resolve())
    for problem in problems:
        print(problem)
    print(f'{len(problems)} problems' if problems else 'the layers are kept')
    return 1 if problems else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))

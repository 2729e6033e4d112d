#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors
"""Checks that the code in README.md and doc/*.md is code that the tests run.

A fenced block after a line

    <!-- from PATH -->

must be in that file of the project, as one run of lines; only an indentation that all its lines have
there may be missing. The pages of languages have such a line before each block, except before those
that are typed (sh, console) or read (text).

    check-pages.py SOURCE-DIRECTORY     checks the project
    check-pages.py --self-test          checks that each rule finds what breaks it

Meson:

    test('pages', python3, args: [files('check-pages.py'), meson.project_source_root()],
      suite: 'source')
    test('pages-self-test', python3, args: [files('check-pages.py'), '--self-test'],
      suite: 'source')
"""

import pathlib
import re
import sys
import tempfile
import textwrap

LANGUAGE_PAGES = {f'doc/{name}.md' for name in
                  ('c', 'python', 'javascript', 'vala', 'lua', 'ruby', 'perl')}
NOT_OF_FILES = {'sh', 'console', 'text'}

FENCE = re.compile(r' {0,3}(`{3,}|~{3,}) *([^\s`]*)')
ORIGIN = re.compile(r' {0,3}<!-- from (\S+) -->\s*$')


def read_blocks(text):
    """Yields (line of its fence, its language, the file it is from or None, its lines); for a block
    without an end, and for a line that names a file where no block follows, lines is None."""
    lines = text.split('\n')
    number = 0
    origin = None
    while number < len(lines):
        fence = FENCE.match(lines[number])
        if not fence:
            if origin:
                yield number, '', origin, None
            named = ORIGIN.match(lines[number])
            origin = named.group(1) if named else None
            number += 1
            continue
        first = number
        end = re.compile(rf' {{0,3}}{fence.group(1)[0]}{{{len(fence.group(1))},}}\s*$')
        number += 1
        while number < len(lines) and not end.match(lines[number]):
            number += 1
        closed = number < len(lines)
        yield first + 1, fence.group(2), origin, lines[first + 1:number] if closed else None
        origin = None
        number += 1


def is_in(block, text):
    """Tells whether the lines of a block are in a text, perhaps further to the right."""
    wanted = [line.rstrip() for line in block]
    lines = [line.rstrip() for line in text.split('\n')]
    for first in range(len(lines) - len(wanted) + 1):
        part = lines[first:first + len(wanted)]
        if part == wanted or textwrap.dedent('\n'.join(part)).split('\n') == wanted:
            return True
    return False


def check_block(root, page, block):
    """Yields what is wrong with one block of a page."""
    line, language, origin, lines = block
    where = f'{page}:{line}'
    if lines is None:
        yield f'{where}: ' + (f'no code follows “from {origin}”' if origin else
                              'the block has no end')
        return
    if origin is None:
        if page in LANGUAGE_PAGES and language not in NOT_OF_FILES:
            yield f'{where}: the block does not say which file it is from'
        return
    path = (root / origin).resolve()
    if not path.is_relative_to(root) or not path.is_file():
        yield f'{where}: there is no file {origin}'
    elif not any(line.strip() for line in lines):
        yield f'{where}: the block is empty'
    elif not is_in(lines, path.read_text(encoding='utf-8')):
        yield f'{where}: {origin} does not have these lines'


def check(root):
    """Returns (what is wrong, the number of blocks that were compared with a file)."""
    problems = []
    n_compared = 0
    for path in [root / 'README.md', *sorted((root / 'doc').glob('*.md'))]:
        page = path.relative_to(root).as_posix()
        if not path.is_file():
            problems.append(f'{page}: there is no such page')
            continue
        for block in read_blocks(path.read_text(encoding='utf-8')):
            problems.extend(check_block(root, page, block))
            n_compared += block[2] is not None
    return problems, n_compared


# The self-test: a project in which all is right, and for each rule a change that breaks it.

GOOD = {
    'README.md': '# Title\n\n```c\nanything\n```\n\n<!-- from code/a.lua -->\n```lua\nif x then\n```\n',
    'code/a.lua': '-- a comment\nif x then\n    y = 1\n\n    z = 2\nend\n',
    'doc/lua.md': '```sh\nlua5.1 a.lua\n```\n\n<!-- from code/a.lua -->\n```lua\ny = 1\n\nz = 2\n```\n'
                  '<!-- from code/a.lua -->\n~~~lua\nif x then\n    y = 1\n~~~\n',
    'doc/other.md': '```\na picture\n```\n',
}
# (what is broken, the file, its text, what is said)
BAD = [
    ('a line that the file has not', 'README.md',
     '<!-- from code/a.lua -->\n```lua\nif y then\n```\n', r'^README\.md:2: code/a\.lua does not'),
    ('lines that are not together', 'README.md',
     '<!-- from code/a.lua -->\n```lua\nif x then\n    z = 2\n```\n', r'^README\.md:2: .*does not'),
    ('part of a line', 'README.md', '<!-- from code/a.lua -->\n```lua\nif x\n```\n',
     r'^README\.md:2: .*does not'),
    ('an indentation that differs', 'doc/lua.md',
     '<!-- from code/a.lua -->\n```lua\nif x then\ny = 1\n```\n', r'^doc/lua\.md:2: .*does not'),
    ('a file that is not there', 'README.md', '<!-- from code/b.lua -->\n```lua\nif x then\n```\n',
     r'^README\.md:2: there is no file code/b\.lua'),
    ('a file of elsewhere', 'README.md', '<!-- from ../../etc/passwd -->\n```lua\nroot\n```\n',
     r'^README\.md:2: there is no file'),
    ('a block of no file', 'doc/lua.md', 'Text.\n\n```lua\nif x then\n```\n',
     r'^doc/lua\.md:3: the block does not say'),
    ('a block of no language', 'doc/lua.md', '```\nif x then\n```\n',
     r'^doc/lua\.md:1: the block does not say'),
    ('an origin that is not next to its block', 'doc/lua.md',
     '<!-- from code/a.lua -->\n\n```lua\nif x then\n```\n', None),
    ('an origin without a block', 'doc/other.md', '<!-- from code/a.lua -->\nText.\n',
     r'^doc/other\.md:1: no code follows'),
    ('a block without an end', 'doc/other.md', '\n```c\nint x;\n', r'^doc/other\.md:2: .* no end'),
    ('an empty block', 'doc/lua.md', '<!-- from code/a.lua -->\n```lua\n\n```\n',
     r'^doc/lua\.md:2: the block is empty'),
]


def check_project(changes):
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder).resolve()
        for name, text in {**GOOD, **changes}.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding='utf-8')
        return check(root)


def self_test():
    """Returns whether a good project passes, and each bad one fails, for its reason."""
    problems, n_compared = check_project({})
    ok = not problems and n_compared == 3
    if not ok:
        print(f'self-test: nothing is broken, but it says: {problems}, {n_compared} compared')
    for what, name, text, message in BAD:
        problems, _ = check_project({name: text})
        if message is None:  # two rules at once
            found = len(problems) == 2
        else:
            found = len(problems) == 1 and re.search(message, problems[0])
        if not found:
            print(f'self-test: {what} is broken, but it says: {problems}')
            ok = False
    print(f'self-test: {len(BAD) + 1} projects, {"as expected" if ok else "NOT as expected"}')
    return ok


def main(arguments):
    if arguments == ['--self-test']:
        return 0 if self_test() else 1
    if len(arguments) != 1 or arguments[0].startswith('-'):
        print(__doc__, file=sys.stderr)
        return 2
    problems, n_compared = check(pathlib.Path(arguments[0]).resolve())
    for problem in problems:
        print(problem)
    print(f'{len(problems)} problems' if problems else f'{n_compared} blocks are as in their files')
    return 1 if problems else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))

#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors
"""Checks that the library exports what its headers declare, and that all of it is documented.

    check-symbols.py --source DIRECTORY [--library FILE] [--gir FILE]
    check-symbols.py --self-test

With --library, the functions that public headers declare with MPIPE_AVAILABLE_IN_… are compared
with the dynamic symbols of the shared library: neither may have more than the other. With --gir,
each symbol, parameter, return value and enumeration value must be described, and each symbol must
say since when it is there.

Meson (mpipe_lib: the shared library; mpipe_gir: what gnome.generate_gir() returned):

    test('symbols', python3, args: [files('check-symbols.py'),
      '--source', meson.project_source_root(), '--library', mpipe_lib], suite: 'source')
    test('symbols-self-test', python3, args: [files('check-symbols.py'), '--self-test'],
      suite: 'source')
    if get_option('introspection')
      test('documented', python3, args: [files('check-symbols.py'),
        '--source', meson.project_source_root(), '--gir', mpipe_gir[0]], suite: 'source')
    endif
"""

import argparse
import pathlib
import re
import subprocess
import sys
import xml.etree.ElementTree

# What the linker, the sanitizers and the coverage tool add.
FOREIGN_SYMBOLS = re.compile(
    r'_init$|_fini$|_end$|_edata$|__bss_start$|__(odr_)?[atlu]b?san|__gcov')

COMMENT_OR_STRING = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', re.DOTALL)
DIRECTIVE = re.compile(r'^[ \t]*#(?:[^\n]*\\\n)*[^\n]*', re.MULTILINE)
BODY = re.compile(r'\{[^{}]*\}')
MARKED = re.compile(r'MPIPE_AVAILABLE_IN_\w+')
# A declaration ends with a semicolon, or, after a macro that has none, where the next marker is.
SEPARATOR = re.compile(r'(;|(?=MPIPE_AVAILABLE_IN_))')
NOT_EXPORTED = re.compile(r'\b(typedef|inline)\b')
DECLARED_TYPE = re.compile(r'G_DECLARE_\w+\s*\(\s*\w+\s*,\s*(\w+)')
FUNCTION = re.compile(r'\b(mpipe_\w+)\s*\(')


def blank(match):
    return re.sub(r'[^\n]', ' ', match.group())


def read_declarations(text):
    """Yields (line, function, whether it is marked as available) of a header's text."""
    text = DIRECTIVE.sub(blank, COMMENT_OR_STRING.sub(blank, text))
    while BODY.search(text):
        text = BODY.sub(blank, text)
    position = 0
    for part in SEPARATOR.split(text):
        declared_type = DECLARED_TYPE.search(part)
        function = FUNCTION.search(part)
        found = declared_type or function
        if found and not NOT_EXPORTED.search(part[:found.start()]):
            name = declared_type.group(1) + '_get_type' if declared_type else function.group(1)
            line = text.count('\n', 0, position + found.start()) + 1
            yield line, name, MARKED.search(part[:found.start()]) is not None
        position += len(part)


def find_declared(source):
    """Returns {function: where} of the public headers, and what is wrong with them."""
    declared, problems = {}, []
    for path in sorted((source / 'mpipe-glib').rglob('*.h')):
        if path.name.endswith('-private.h'):
            continue
        for line, name, marked in read_declarations(path.read_text(encoding='utf-8')):
            where = f'{path.relative_to(source)}:{line}'
            if not marked:
                problems.append(f'{where}: {name}() is public, but has no MPIPE_AVAILABLE_IN_…')
            elif name in declared:
                problems.append(f'{where}: {name}() is declared before, at {declared[name]}')
            else:
                declared[name] = where
    return declared, problems


def find_exported(library):
    """Returns the names of the dynamic symbols that a shared library defines."""
    table = subprocess.run(['nm', '--dynamic', '--defined-only', '--format=posix', str(library)],
                           check=True, text=True, stdout=subprocess.PIPE).stdout
    names = {line.split()[0].partition('@')[0] for line in table.splitlines() if line.strip()}
    return {name for name in names if not FOREIGN_SYMBOLS.match(name)}


def compare(declared, exported):
    """Yields the differences between {function: where} and a set of functions."""
    for name, where in declared.items():
        if name not in exported:
            yield f'{where}: {name}() is declared, but the library does not export it'
    for name in sorted(exported - declared.keys()):
        yield f'{name}: the library exports it, but no public header declares it'


CORE = '{http://www.gtk.org/introspection/core/1.0}'
C = '{http://www.gtk.org/introspection/c/1.0}'
GLIB = '{http://www.gtk.org/introspection/glib/1.0}'

CALLABLES = {CORE + 'function', CORE + 'method', CORE + 'constructor', CORE + 'virtual-method',
             CORE + 'callback', GLIB + 'signal'}
SYMBOLS = CALLABLES | {CORE + 'class', CORE + 'interface', CORE + 'record', CORE + 'union',
                       CORE + 'enumeration', CORE + 'bitfield', CORE + 'constant', CORE + 'alias',
                       CORE + 'property'}
# A class structure describes its functions where it is declared, and again as virtual methods; the
# rest is reached through the symbol that it is part of.
PASSED_OVER = {CORE + 'field', CORE + 'implements', CORE + 'prerequisite', CORE + 'function-macro'}


def describe(element, path):
    """Returns "file:line: name" of an element, as far as the description knows."""
    for child in (CORE + 'source-position', CORE + 'doc'):
        position = element.find(child)
        if position is not None and position.get('filename'):
            return f'{position.get("filename")}:{position.get("line")}: {path}'
    return path


def has_doc(element):
    doc = element.find(CORE + 'doc')
    return doc is not None and bool((doc.text or '').strip())


def check_callable(element, path):
    """Yields the parameters and the return value of a callable that are not described."""
    where = describe(element, path)
    for parameter in element.iterfind(f'{CORE}parameters/*'):
        if not has_doc(parameter):
            yield f'{where}: parameter “{parameter.get("name")}” is not described'
    returned = element.find(CORE + 'return-value')
    if returned is None or has_doc(returned) or element.tag == CORE + 'constructor':
        return
    kind = returned.find(CORE + 'type')
    if kind is None or kind.get('name') != 'none':
        yield f'{where}: what it returns is not described'


def check_element(element, path):
    """Yields what is not described in an element and what is in it."""
    separator = {CORE + 'property': ':', GLIB + 'signal': '::'}.get(element.tag, '.')
    path = f'{path}{separator}{element.get("name")}'
    if element.get(GLIB + 'is-gtype-struct-for') or element.get('disguised') == '1':
        return
    where = describe(element, path)
    if not has_doc(element):
        yield f'{where}: is not described'
    if not element.get('version'):
        yield f'{where}: does not say since when it is there'
    if element.tag in CALLABLES:
        yield from check_callable(element, path)
    for child in element:
        if child.tag == CORE + 'member' and not has_doc(child):
            yield f'{where}: value {child.get(C + "identifier")} is not described'
        elif child.tag in SYMBOLS and child.tag not in PASSED_OVER:
            yield from check_element(child, path)


def check_documented(gir):
    """Yields what is not described in introspection data."""
    namespace = xml.etree.ElementTree.fromstring(gir).find(CORE + 'namespace')
    symbols = [child for child in namespace if child.tag in SYMBOLS]
    if not symbols:
        yield 'the introspection data has no symbols'
    for child in symbols:
        yield from check_element(child, namespace.get('name'))


# The self-test: each sample, and what must be said about it.

HEADER = '''
/* mpipe_comment (void); */
#define MPIPE_STAGE(object) mpipe_macro (object, \\
  mpipe_other_macro ())
G_BEGIN_DECLS
typedef GVariant *(*MpipeTaskFunc) (MpipeWorker *worker);
MPIPE_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (MpipePipeline, mpipe_pipeline, MPIPE, PIPELINE, GObject)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MpipeStage, mpipe_stage_free)
struct _MpipeWorkerClass { void (*start) (MpipeWorker *self); gpointer padding[8]; };
static inline int mpipe_inline (void) { return mpipe_inline (); }
MPIPE_AVAILABLE_IN_1_0
GType mpipe_stage_get_type (void) G_GNUC_CONST;

MPIPE_AVAILABLE_IN_1_2 G_GNUC_WARN_UNUSED_RESULT
const char *const *mpipe_stage_get_command (MpipeStage *self,
                                            int n);
void mpipe_unmarked (void);
G_END_DECLS
'''
DECLARATIONS = [(8, 'mpipe_pipeline_get_type', True), (13, 'mpipe_stage_get_type', True),
                (16, 'mpipe_stage_get_command', True), (18, 'mpipe_unmarked', False)]

GIR = '''<repository xmlns="http://www.gtk.org/introspection/core/1.0"
  xmlns:c="http://www.gtk.org/introspection/c/1.0"
  xmlns:glib="http://www.gtk.org/introspection/glib/1.0"><namespace name="Mpipe">%s</namespace>
</repository>'''
DOC = '<doc filename="a.c" line="7">what it is</doc>'
RETURN = '<return-value><doc>it</doc><type name="gint"/></return-value>'
SAMPLES = [
    (f'<class name="Stage" version="1.0">{DOC}</class>', []),
    ('<class name="Stage" version="1.0"/>', ['Mpipe.Stage: is not described']),
    (f'<class name="Stage">{DOC}</class>',
     ['a.c:7: Mpipe.Stage: does not say since when it is there']),
    (f'<class name="Stage" version="1.0">{DOC}<property name="size" version="1.0"/></class>',
     ['Mpipe.Stage:size: is not described']),
    (f'<class name="Stage" version="1.0">{DOC}<glib:signal name="done" version="1.0">{DOC}'
     f'{RETURN}</glib:signal><method name="run">{DOC}{RETURN}</method></class>',
     ['a.c:7: Mpipe.Stage.run: does not say since when it is there']),
    (f'<class name="Stage" version="1.0">{DOC}<glib:signal name="done">{DOC}{RETURN}</glib:signal>'
     '</class>', ['a.c:7: Mpipe.Stage::done: does not say since when it is there']),
    (f'<function name="init" version="1.0">{DOC}<parameters><parameter name="a"/></parameters>'
     f'{RETURN}</function>', ['a.c:7: Mpipe.init: parameter “a” is not described']),
    (f'<function name="init" version="1.0">{DOC}<return-value><type name="gint"/></return-value>'
     '</function>', ['a.c:7: Mpipe.init: what it returns is not described']),
    (f'<function name="init" version="1.0">{DOC}<return-value><type name="none"/></return-value>'
     '</function>', []),
    (f'<enumeration name="Error" version="1.0">{DOC}<member name="a" c:identifier="A"/>'
     f'</enumeration>', ['a.c:7: Mpipe.Error: value A is not described']),
    (f'<callback name="Func" version="1.0">{DOC}<parameters><parameter name="a">{DOC}</parameter>'
     f'</parameters>{RETURN}</callback>', []),
    ('<record name="StageClass" glib:is-gtype-struct-for="Stage"/>'
     f'<constant name="MAJOR" version="1.0">{DOC}</constant>', []),
    ('', ['the introspection data has no symbols']),
]


def self_test():
    """Returns whether samples are read as they should be."""
    ok = True

    def expect(what, found, expected):
        nonlocal ok
        if found != expected:
            print(f'self-test: {what}: found {found}, expected {expected}')
            ok = False

    expect('a header', list(read_declarations(HEADER)), DECLARATIONS)
    expect('the same functions', list(compare({'mpipe_a': 'a.h:1'}, {'mpipe_a'})), [])
    expect('a function missing', list(compare({'mpipe_a': 'a.h:1'}, set())),
           ['a.h:1: mpipe_a() is declared, but the library does not export it'])
    expect('a function too many', list(compare({}, {'mpipe_a'})),
           ['mpipe_a: the library exports it, but no public header declares it'])
    for sample, expected in SAMPLES:
        expect(sample, list(check_documented(GIR % sample)), expected)
    print(f'self-test: {4 + len(SAMPLES)} samples, {"as expected" if ok else "NOT as expected"}')
    return ok


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--source', type=pathlib.Path)
    parser.add_argument('--library', type=pathlib.Path)
    parser.add_argument('--gir', type=pathlib.Path)
    parser.add_argument('--self-test', action='store_true')
    arguments = parser.parse_args()

    if arguments.self_test:
        return 0 if self_test() else 1
    if not arguments.source or not (arguments.library or arguments.gir):
        parser.error('--source, and --library or --gir, are needed')

    problems = []
    if arguments.library:
        declared, problems = find_declared(arguments.source)
        problems += compare(declared, find_exported(arguments.library))
        print(f'{len(declared)} public functions')
    if arguments.gir:
        problems += check_documented(arguments.gir.read_text(encoding='utf-8'))
    for problem in problems:
        print(problem)
    print(f'{len(problems)} problems' if problems else 'nothing is missing, nothing is too much')
    return 1 if problems else 0


if __name__ == '__main__':
    sys.exit(main())

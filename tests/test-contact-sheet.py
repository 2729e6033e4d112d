#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors
"""Runs the contact sheet program on folders of small pictures, and looks at the sheet it makes.

    test-contact-sheet.py PROGRAM HOSTILE-LOADER

HOSTILE-LOADER is a module of gdk-pixbuf, a decoder that does what a picture of its format says.
"""

import contextlib
import ctypes
import os
import pathlib
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import unittest
import zlib

PROGRAM = os.path.abspath(sys.argv.pop(1)) if len(sys.argv) > 1 else ''
LOADER = os.path.abspath(sys.argv.pop(1)) if len(sys.argv) > 1 else ''
DEADLINE = 120  # seconds

# Sanitizers want more of the system than there is in a sandbox.
OPTIONS = ['--no-sandbox'] if 'ASAN_OPTIONS' in os.environ else []

PR_SET_CHILD_SUBREAPER = 36

# The sheet of a few pictures, as in sheet-layout.c.
COLUMNS, TILE_WIDTH, TILE_HEIGHT, MARGIN, HEADER = 6, 336, 288, 36, 114
PRINT_CENTRE = 168, 190  # in the tile, of any print that is not tiny: prints stand on y = 219

RED, GREEN, BLUE, YELLOW = (200, 30, 30), (20, 160, 40), (30, 40, 200), (240, 220, 10)


def png_chunk(kind, data):
    return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))


def png(colour, width=300, height=200):
    """A picture of one colour; with four channels if the colour has four."""
    row = b'\0' + bytes(colour) * width
    header = struct.pack('>IIBBBBB', width, height, 8, 2 if len(colour) == 3 else 6, 0, 0, 0)
    return (b'\x89PNG\r\n\x1a\n' + png_chunk(b'IHDR', header) +
            png_chunk(b'IDAT', zlib.compress(row * height)) + png_chunk(b'IEND', b''))


def jpeg_segment(marker, data):
    return bytes([0xff, marker]) + struct.pack('>H', len(data) + 2) + data


def jpeg():
    """A grey picture of 8 by 8 pixels: one block, and all of its coefficients are 0."""
    one_code = bytes([1] + [0] * 15 + [0])  # one code of one bit, for the value 0
    return (b'\xff\xd8' + jpeg_segment(0xdb, b'\0' + b'\1' * 64) +
            jpeg_segment(0xc0, bytes([8, 0, 8, 0, 8, 1, 1, 0x11, 0])) +
            jpeg_segment(0xc4, b'\x00' + one_code) + jpeg_segment(0xc4, b'\x10' + one_code) +
            jpeg_segment(0xda, bytes([1, 1, 0, 0, 63, 0])) + b'\x3f' + b'\xff\xd9')


def unfilter(kind, line, above, step=3):
    """Undoes one of the five filters of PNG."""
    for i in range(len(line)):
        left = line[i - step] if i >= step else 0
        corner = above[i - step] if i >= step else 0
        if kind == 4:
            guess = left + above[i] - corner
            predicted = min((left, above[i], corner), key=lambda value: abs(guess - value))
        else:
            predicted = (0, left, above[i], (left + above[i]) // 2)[kind]
        line[i] = (line[i] + predicted) & 0xff


class Sheet:
    """A PNG file of three channels, and its pixels."""

    def __init__(self, path):
        data = path.read_bytes()
        assert data.startswith(b'\x89PNG\r\n\x1a\n') and data[-8:-4] == b'IEND'
        self.width, self.height, depth, colour, *rest = struct.unpack('>IIBBBBB', data[16:29])
        assert (depth, colour, rest) == (8, 2, [0, 0, 0])
        pixels = zlib.decompress(b''.join(self.chunks(data, b'IDAT')))
        size = 3 * self.width
        self.rows = [bytearray(size)]
        for at in range(0, len(pixels), size + 1):
            line = bytearray(pixels[at + 1:at + 1 + size])
            unfilter(pixels[at], line, self.rows[-1])
            self.rows.append(line)
        del self.rows[0]

    @staticmethod
    def chunks(data, kind):
        at = 8
        while at < len(data):
            length = struct.unpack('>I', data[at:at + 4])[0]
            if data[at + 4:at + 8] == kind:
                yield data[at + 8:at + 8 + length]
            at += length + 12

    def get_print(self, index):
        """The colour in the middle of a print."""
        x = MARGIN + index % COLUMNS * TILE_WIDTH + PRINT_CENTRE[0]
        y = HEADER + index // COLUMNS * TILE_HEIGHT + PRINT_CENTRE[1]
        return tuple(self.rows[y][3 * x:3 * x + 3])


class ContactSheetTest(unittest.TestCase):

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.work = pathlib.Path(directory.name)
        self.work.chmod(0o755)  # when this is root, who decodes is somebody else
        self.folder = self.work / 'Pictures'
        self.folder.mkdir()
        # With the leak sanitizer: what fontconfig keeps for the life of the process.
        suppressions = self.work / '.leaks'
        suppressions.write_text('leak:libfontconfig\n')
        self.environment = {
            **os.environ, 'LC_ALL': 'C.UTF-8',
            'LSAN_OPTIONS': f'suppressions={suppressions}:print_suppressions=0'}

    def add(self, name, data):
        path = os.path.join(os.fsencode(self.folder), os.fsencode(name))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'wb') as file:
            file.write(data)

    def run_program(self, *arguments):
        finished = subprocess.run([PROGRAM, *OPTIONS, *arguments], cwd=self.work, timeout=DEADLINE,
                                  stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                  env=self.environment)
        self.assert_no_child()
        return finished

    def assert_no_child(self):
        # Processes that outlive the program become this one's children.
        with self.assertRaises(ChildProcessError):
            os.waitpid(-1, os.WNOHANG)

    def make_sheet(self, *arguments):
        finished = self.run_program(*arguments, str(self.folder))
        self.assertEqual(finished.returncode, 0, finished.stderr)
        return finished, Sheet(self.work / 'contact-sheet.png')

    def test_pictures_are_in_the_order_of_their_names(self):
        # The largest files are decoded first: here the last ones.
        colours = [RED, GREEN, BLUE, YELLOW, BLUE, GREEN, RED, YELLOW]
        for i, colour in enumerate(colours):
            self.add(f'folder {i % 3}/{i}.png', png(colour, width=200 + 150 * i))
        finished, sheet = self.make_sheet()
        self.assertEqual((sheet.width, sheet.height), (2088, 726))
        self.assertEqual([sheet.get_print(i) for i in range(len(colours))], colours)
        self.assertIn('8 pictures, 0 failures', finished.stdout)
        self.assertIn('the same, byte for byte', finished.stdout)

    def test_files_without_a_picture_become_tiles(self):
        self.add('a.png', png(RED))
        self.add('b-cut.png', png(GREEN)[:-20])
        self.add('c-text.jpg', b'This is no picture.\n')
        self.add('d-cut.jpg', jpeg()[:-3])
        self.add('e-empty.png', b'')
        self.add('f-huge.png', png(GREEN).replace(struct.pack('>II', 300, 200),
                                                  struct.pack('>II', 60000, 60000)))
        self.add('g-whole.jpg', jpeg())
        self.add('h.png', png(BLUE))
        finished, sheet = self.make_sheet('--jobs', '2')
        self.assertEqual((sheet.width, sheet.height), (2088, 726))
        self.assertEqual(sheet.get_print(0), RED)
        self.assertEqual(sheet.get_print(7), BLUE)
        self.assertIn('8 pictures, 5 failures', finished.stdout)
        self.assertIn('the same, byte for byte', finished.stdout)
        for line in ('b-cut.png: the file is cut short', 'd-cut.jpg: the file is cut short',
                     'e-empty.png: the file is empty', 'c-text.jpg: '):
            self.assertIn('\n  ' + line, finished.stdout)

    def test_the_table_accounts_for_every_task(self):
        for i in range(5):
            self.add(f'{i}.png', png(YELLOW) if i != 2 else b'nothing')
        finished, _ = self.make_sheet('--no-comparison')
        rows = re.findall(r'^(\w+) +\d+ +(\d+) +(\d+) +[\d.]+ s +\d+ %$', finished.stdout, re.M)
        counts = {}
        for stage, n_tasks, n_failed in rows:
            sums = counts.setdefault(stage, [0, 0])
            sums[0] += int(n_tasks)
            sums[1] += int(n_failed)
        self.assertEqual(counts['decode'], [6, 1])  # the failed one and what took its place
        self.assertEqual(counts['scale'], [5, 0])
        self.assertGreaterEqual(counts['compose'][0], 5)
        self.assertEqual(counts['compose'][1], 0)

    def test_names_and_links_of_all_kinds_are_met(self):
        self.add('a.png', png(RED))
        self.add(b'b \xe9\xff.png', png(GREEN))
        self.add('.hidden.png', png(BLUE))
        self.add('.hidden/c.png', png(BLUE))
        (self.folder / 'loop').symlink_to(self.folder)
        (self.folder / 'nowhere.png').symlink_to('nowhere.png')
        (self.folder / 'd.png').symlink_to('a.png')
        finished, sheet = self.make_sheet()
        self.assertEqual([sheet.get_print(i) for i in range(3)], [RED, GREEN, RED])
        self.assertIn('3 pictures, 0 failures', finished.stdout)

    def test_the_sandbox_changes_nothing_but_what_is_said(self):
        for i, colour in enumerate((RED, GREEN, BLUE)):
            self.add(f'{i}.png', png(colour))
        (self.work / 'other.png').write_bytes(png(RED))
        finished, _ = self.make_sheet('--no-comparison')
        inside = (self.work / 'contact-sheet.png').read_bytes()
        said = re.search(r'; decoded (in a sandbox|outside) \((.+)\); ', finished.stdout)
        self.assertIn('limits' if said[1] == 'in a sandbox' else 'no sandbox', said[2])
        finished, _ = self.make_sheet('--no-comparison', '--no-sandbox')
        self.assertIn('; decoded outside (no sandbox); ', finished.stdout)
        self.assertEqual((self.work / 'contact-sheet.png').read_bytes(), inside)

        # A link that leads out of the folder is where the difference is.
        (self.folder / 'out.png').symlink_to(self.work / 'other.png')
        finished, _ = self.make_sheet('--no-comparison')
        failed = 1 if said[1] == 'in a sandbox' else 0
        self.assertIn(f'4 pictures, {failed} failure', finished.stdout)

    def add_loader(self):
        """The decoder that breaks out, where also those in a sandbox find it."""
        directory = self.folder / '.loader'
        directory.mkdir()
        module = shutil.copy(LOADER, directory)
        cache = directory / 'loaders.cache'
        cache.write_text(f'"{module}"\n"hostile" 0 "gdk-pixbuf" "A picture that breaks out" "LGPL"\n'
                         '"text/plain" ""\n""\n'
                         '"HOSTILE " "" 100\n\n')
        self.environment['GDK_PIXBUF_MODULE_FILE'] = str(cache)

    def add_attempts(self):
        """Pictures that try to break out, between others. Returns what tells whether they have."""
        secret = self.work / 'secret'
        secret.write_text('secret')
        trace = self.folder / '.trace'
        server = socket.create_server(('127.0.0.1', 0))
        self.addCleanup(server.close)
        server.setblocking(False)
        signals = []
        before = signal.signal(signal.SIGUSR1, lambda *_: signals.append('signal'))
        self.addCleanup(signal.signal, signal.SIGUSR1, before)

        attempts = [f'read {secret}', f'write {trace}', f'connect {server.getsockname()[1]}',
                    f'signal {os.getpid()}', 'fork 1000', 'allocate 10']
        self.add('a.png', png(BLUE))
        for i, what in enumerate([*attempts, 'crash -']):
            self.add(f'{i}', b'HOSTILE ' + what.encode())
        self.add('b.png', png(YELLOW))

        def find_traces():
            found = list(signals)
            if trace.exists():
                found.append('file')
            try:
                server.accept()[0].close()
                found.append('connection')
            except BlockingIOError:
                pass
            return sorted(found)
        return len(attempts), find_traces

    @unittest.skipIf(OPTIONS, 'no sandbox')
    def test_a_picture_that_breaks_out_gets_nowhere_in_the_sandbox(self):
        self.add('harmless.png', png(RED))
        finished, _ = self.make_sheet('--no-comparison')
        if '; decoded in a sandbox (' not in finished.stdout:
            self.skipTest('no sandbox can be had: ' + finished.stdout)
        (self.folder / 'harmless.png').unlink()
        self.add_loader()
        n, find_traces = self.add_attempts()
        finished, sheet = self.make_sheet('--no-comparison', '--jobs', '2')
        self.assertIn('; decoded in a sandbox (', finished.stdout)
        self.assertEqual([sheet.get_print(i) for i in range(n)], [GREEN] * n)
        self.assertEqual([sheet.get_print(i) for i in (n + 1, n + 2)], [BLUE, YELLOW])
        self.assertEqual(find_traces(), [])
        self.assertIn(f'{n + 3} pictures, 1 failure', finished.stdout)  # the one that crashes

    @unittest.skipIf(OPTIONS, 'address space is short')
    def test_a_picture_that_breaks_out_does_so_without_sandbox(self):
        # Or the other test would show nothing.
        self.add_loader()
        n, find_traces = self.add_attempts()
        finished = subprocess.run([PROGRAM, '--no-comparison', '--jobs', '2', '--no-sandbox', str(self.folder)],
                                  cwd=self.work, timeout=DEADLINE, stdin=subprocess.DEVNULL,
                                  capture_output=True, text=True, env=self.environment)
        signal.alarm(DEADLINE)  # when one of those that were started goes on living, this ends the test
        ended = []
        with contextlib.suppress(ChildProcessError):
            while True:
                ended.append(os.waitpid(-1, 0)[1])
        signal.alarm(0)
        self.assertEqual(ended, [signal.SIGKILL] * 1000)
        self.assertEqual(finished.returncode, 0, finished.stderr)
        sheet = Sheet(self.work / 'contact-sheet.png')
        self.assertEqual([sheet.get_print(i) for i in range(n)], [RED] * n)
        self.assertEqual([sheet.get_print(i) for i in (n + 1, n + 2)], [BLUE, YELLOW])
        self.assertEqual(find_traces(), ['connection', 'file', 'signal'])
        self.assertIn(f'{n + 3} pictures, 1 failure', finished.stdout)

    def test_an_older_sheet_is_not_put_on_the_sheet(self):
        self.add('a.png', png(RED))
        for _ in range(2):
            finished = self.run_program('--no-comparison', '.')
            self.assertIn('1 picture, 0 failures', finished.stdout)

    def test_a_folder_without_files_is_an_error(self):
        for folder in (self.folder, self.work / 'missing', pathlib.Path('/dev/null')):
            finished = self.run_program(str(folder))
            self.assertEqual(finished.returncode, 1)
            self.assertRegex(finished.stderr, r'^contact-sheet: .*' + re.escape(str(folder)))
            self.assertFalse((self.work / 'contact-sheet.png').exists())

    def test_a_sheet_that_cannot_be_written_is_an_error(self):
        self.add('a.png', png(RED))
        finished = self.run_program('--output', 'missing/sheet.png', str(self.folder))
        self.assertEqual(finished.returncode, 1)
        self.assertIn('missing/sheet.png', finished.stderr)


if __name__ == '__main__':
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    unittest.main()

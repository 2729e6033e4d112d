# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors
"""A worker program in Python: worker.py NAME"""

import sys

from mpipe_glib.worker_program import work


def increment(number):
    return number + 1


def sign(text):
    return f'{text}, Python'


sys.exit(work({'increment': increment, 'sign': sign}[sys.argv[1]]))

# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors
"""What the Python layer of mpipe-glib is made of; not for programs to import.

    values    Python objects as values on the wire
    program   what of this program can be done by a worker process, and how that becomes one
    channel   frames between a worker and its pipeline
    worker    what runs in a worker process; it needs neither GObject nor the library
    feeder    tasks that are collected and put together
"""

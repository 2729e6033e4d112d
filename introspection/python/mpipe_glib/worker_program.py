# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors
"""Worker programs in Python, for pipelines of programs in any language.

Such a program is what Mpipe.Stage.new_command names. Its values are those of GVariant: nothing is pickled, and
nothing that comes is taken for a pickle.
"""

import os
import sys

from mpipe_glib import channel, program, worker

EXIT_NOT_A_WORKER = 2


def work(target):
    """Does the tasks that a pipeline sends to this program, with `target`: a function of one task, or a subclass of
    Mpipe.Worker. It does not return; but when no pipeline started the program it says so and returns 2."""
    if os.environ.pop('MPIPE_WORKER', None) != 'program':
        print(f'{sys.argv[0]}: this program is a worker; a pipeline starts it', file=sys.stderr)
        return EXIT_NOT_A_WORKER
    try:
        loop = worker.greet()
        worker.answer_greeting(loop, program.is_async(target))
    except channel.ChannelEnd:
        os._exit(1)
    worker.run_worker(loop, 'worker' if isinstance(target, type) else 'function', target, {'typed': True, 'plain': True})

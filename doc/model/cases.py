# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors
"""What is checked: models with their switches. Each name is a sentence that the models make true, or false."""

RECALL = 'recall.pml'
LIFE = 'task-life.pml'
ROOM = 'room.pml'

# All orders of events, without an error.
CASES = [
    ('no task is both done and taken back', RECALL, []),
    ('no task of a row is both done and taken back', RECALL, ['MAX_ROW=4']),
    ('two workers share tasks, and one of them dies', LIFE, ['N_DEATHS=1']),
    ('workers die again and again, and tasks are tried again', LIFE,
     ['N_DEATHS=3', 'MAX_ATTEMPTS=2', 'N_SLOTS=1']),
    ('tasks wait before they are tried again, and are cancelled', LIFE,
     ['N_DEATHS=2', 'MAX_ATTEMPTS=2', 'RETRY_DELAY=1', 'N_CANCELS=1', 'N_SLOTS=1']),
    ('results are put before the end, tasks fail, and a worker dies', LIFE,
     ['N_DEATHS=2', 'PUTS=1', 'FAILS=1', 'N_SLOTS=1', 'N_TASKS=3']),
    ('tasks are taken back, and a worker dies', LIFE,
     ['N_RECALLS=1', 'N_DEATHS=1']),
    ('three tasks are taken back', LIFE, ['N_RECALLS=2', 'N_TASKS=3']),
    ('a task is cancelled, unordered', LIFE, ['ORDERED=0', 'N_CANCELS=1']),
    ('tasks are cancelled, and a worker dies', LIFE,
     ['N_CANCELS=2', 'N_DEATHS=1', 'N_SLOTS=1', 'N_TASKS=3']),
    ('a worker hangs, another is late', LIFE, ['N_HANGS=1', 'N_LATE=1']),
    ('workers hang while tasks are cancelled', LIFE,
     ['N_HANGS=2', 'N_CANCELS=1', 'N_SLOTS=1', 'MAX_ATTEMPTS=2']),
    ('the pipeline is terminated while a worker dies', LIFE,
     ['N_TERMINATIONS=1', 'N_DEATHS=1']),
    ('all at once', LIFE,
     ['N_TERMINATIONS=1', 'N_CANCELS=1', 'N_DEATHS=1', 'N_HANGS=1', 'N_LATE=1', 'MAX_ATTEMPTS=2',
      'N_SLOTS=1']),
    ('who waits for room gets it when something was read, and no sooner', ROOM, []),
    ('a limit of one task, and results that go back one by one', ROOM, ['MAX_N=1', 'ROW=1']),
    ('a limit inside, and the engine waits for the reader as well', ROOM, ['MAX_N=3', 'INNER_MAX=1']),
    ('limits inside and outside are the same', ROOM, ['MAX_N=2', 'INNER_MAX=2', 'ROW=1']),
]

# The same with one rule less: an error with these words must be found.
BROKEN = [
    ('a worker that does what was taken back', RECALL, ['NO_SKIPPING'], 'executed[number]'),
    ('a worker that looks before it announces', RECALL, ['LOOK_THEN_ANNOUNCE'], 'executed[number]'),
    ('an announcement that is seen late', RECALL, ['RELAXED_ANNOUNCEMENT'], 'executed[number]'),
    ('a recall that is seen late', RECALL, ['RELAXED_RECALL'], 'executed[number]'),
    ('a recall that ends before it was noticed', RECALL, ['RECALL_ENDS_AT_ONCE'], 'number<slot_recall_until'),
    ('a row that is begun as its first task', RECALL, ['MAX_ROW=3', 'ROW_BEGINS_AS_ITS_FIRST'],
     'executed[number]'),
    ('a row that is done to its end', RECALL, ['MAX_ROW=3', 'NO_SKIPPING'], 'executed[number]'),
    ('a worker that does what was taken back, among others', LIFE,
     ['NO_SKIPPING', 'N_RECALLS=1', 'N_TASKS=3'], 'lease[answered]'),
    ('results that leave as they come', LIFE, ['UNORDERED_RELEASE'], 'last_delivered'),
    ('results that have gone, and their end that has not', LIFE,
     ['END_OF_PUTS_WAITS', 'PUTS=1', 'N_DEATHS=1'], 'has_passed_on'),
    ('the time is stored before the number', LIFE, ['SINCE_FIRST', 'N_DEATHS=1'], 'culprit=='),
    ('the task that a late worker is on at last is charged', LIFE,
     ['BLAME_WHAT_IT_IS_ON_AT_LAST', 'N_LATE=1'], 'culprit=='),
    ('the task that a cancelled worker is on at last is charged', LIFE,
     ['BLAME_WHAT_IT_IS_ON_AT_LAST', 'N_CANCELS=1'], 'culprit=='),
    ('a worker is timed only while it says that it is on a task', LIFE,
     ['TIME_ONLY_WHAT_IT_SAYS_IT_IS_ON', 'N_HANGS=1'], 'invalid end state'),
    ('who waits for room does not look again', ROOM, ['PUTTER_DOES_NOT_LOOK_AGAIN', 'MAX_N=1'],
     'invalid end state'),
    ('a reader looks who waits, and reads then', ROOM, ['READER_LOOKS_FIRST', 'MAX_N=1'], 'invalid end state'),
    ('what is read while the engine decides makes no room', ROOM, ['READS_SINCE_THE_LOOK_ARE_FORGOTTEN'],
     'invalid end state'),
    ('tasks are taken before it is counted what was read', ROOM, ['TASKS_ARE_TAKEN_BEFORE_READS_ARE_COUNTED'],
     'n_put<='),
    ('what is read makes room twice', ROOM, ['READS_ARE_COUNTED_TWICE'], 'n_put<='),
    ('an engine that waits for the reader goes to sleep without a look', ROOM,
     ['ENGINE_DOES_NOT_LOOK', 'INNER_MAX=1'], 'invalid end state'),
]

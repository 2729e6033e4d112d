# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors
import mpipe


def same(value):
    return value


stage = mpipe.OrderedStage(same)
try:
    stage.link(stage)
except ValueError:
    print('refused')

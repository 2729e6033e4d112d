/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#pragma once

/* The numbers of the protocol; doc/wire.md explains them. Plain C: the program that executes workers
 * includes it as well, and has no GLib. */

#include <stdint.h>

#define MPIPE_PROTOCOL_VERSION 1

/* What a worker process finds when it starts. */
#define MPIPE_CHANNEL_FD 3
#define MPIPE_PAGE_FD 4
#define MPIPE_ENVIRONMENT "MPIPE_WORKER"
#define MPIPE_ENVIRONMENT_SELF "self"     /* the program itself, to become a worker in mpipe_init() */
#define MPIPE_ENVIRONMENT_PROGRAM "program" /* a worker program */
#define MPIPE_STDOUT_FD 5 /* standard output, kept aside for a program that becomes a worker */
#define MPIPE_ARENA_FD 6  /* memory that the pipeline writes and workers read */
#define MPIPE_TRAY_FD 7   /* memory into which this worker puts large results */
#define MPIPE_GROUP_FD 8  /* `cgroup.procs` of the worker's group; the worker does not get it */

/* 16 bytes, little-endian, followed by `size` bytes and zeros up to a multiple of 8. */
typedef struct
{
  uint32_t size;
  uint8_t kind;
  uint8_t flags;
  uint16_t type;
  uint64_t sequence;
} MpipeFrameHeader;

#define MPIPE_FRAME_ALIGNMENT 8
#define MPIPE_FRAME_SIZE_MAX (1024u << 20)   /* payload of a task or a result */
#define MPIPE_CONTROL_SIZE_MAX (64u << 10)   /* payload of any other frame from a worker */

typedef enum
{
  MPIPE_FRAME_HELLO = 1,
  MPIPE_FRAME_READY = 2,
  MPIPE_FRAME_TASK = 3,
  MPIPE_FRAME_RESULT = 4,
  MPIPE_FRAME_DONE = 5,
  MPIPE_FRAME_FAILED = 6,
  MPIPE_FRAME_PROGRESS = 7,
  MPIPE_FRAME_STOP = 8,
  MPIPE_FRAME_GOODBYE = 9,
  MPIPE_FRAME_TYPE = 10,
  MPIPE_FRAME_START = 11,
  MPIPE_FRAME_SKIPPED = 12,
  MPIPE_FRAME_CANCEL = 13,
  MPIPE_FRAME_RELEASE = 14,
  MPIPE_FRAME_TASKS = 15,
  MPIPE_FRAME_RESULTS = 16,
} MpipeFrameKind;

/* RESULT: the task has ended, as if DONE followed. */
#define MPIPE_FRAME_FLAG_LAST 0x01

/* TASK, RESULT: the value lies in shared memory, the payload says where. That of a TASK lies in the arena, that of a
 * RESULT in the worker's tray, or, with the second flag, in the arena, where it is a part of its task. */
#define MPIPE_FRAME_FLAG_SHARED 0x02
#define MPIPE_FRAME_FLAG_OF_TASK 0x04

typedef struct
{
  uint64_t offset;
  uint64_t size;
} MpipeSharedPlace;

#define MPIPE_SHARED_SIZE_MIN (16u << 10) /* smaller values are not worth it */

/* TASK: above, how many descriptors come with its first byte; or that they could not be sent. */
#define MPIPE_FRAME_FDS_SHIFT 3
#define MPIPE_FRAME_FDS_LOST 31
#define MPIPE_TASK_FDS_MAX 16

/* HELLO to the worker. */
#define MPIPE_SETUP_DO_STOP_TASK 0x01
#define MPIPE_SETUP_DISABLE_RESULT 0x02
#define MPIPE_SETUP_CONCURRENCY_SHIFT 16 /* above: how many tasks it may have open; 0 for one */
#define MPIPE_CONCURRENCY_MAX 4096

/* HELLO from the worker: how it tells which task it is on, and what else it can do. */
#define MPIPE_FEATURE_PAGE 0x01
#define MPIPE_FEATURE_START_FRAMES 0x02
#define MPIPE_FEATURE_CANCEL 0x04     /* takes CANCEL frames */
#define MPIPE_FEATURE_CONCURRENT 0x08 /* has as many tasks open as it may */
#define MPIPE_FEATURE_SHARED 0x10     /* takes tasks out of the arena, and releases them */
#define MPIPE_FEATURE_FDS 0x20        /* takes descriptors with a task */
#define MPIPE_FEATURE_ROWS 0x40       /* takes TASKS frames */
#define MPIPE_FEATURE_ARRAYS 0x80     /* may do all tasks of such a frame at once */

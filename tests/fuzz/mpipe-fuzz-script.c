/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#include "config.h"

#include "mpipe-fuzz-script.h"

#include <string.h>

#include "mpipe-func-launcher.h"
#include "mpipe-fuzz-bytes.h"
#include "mpipe-fuzz-child.h"
#include "mpipe-fuzz-stream.h"
#include "mpipe-glib/core/mpipe-type-table-private.h"
#include "mpipe-glib/wire/mpipe-arena-view-private.h"
#include "mpipe-glib/wire/mpipe-message-private.h"

#define HELD_MAX 64       /* tasks that a worker remembers */
#define RESULT_TYPE 4000  /* the number under which honest workers name int64 */
#define AS_ROW 0x10       /* in how a result is said: with others, as RESULTS */
#define ALSO_IDLE 0x80    /* in a step: to be done even if the worker holds nothing */

struct _MpipeFuzzScript
{
  MpipeFuzzInput steps;
  MpipeFuzzScriptOptions options;
  GPtrArray *workers;    /* of Worker, all that ever were */
  GMainContext *context; /* the engine's; NULL before the first worker */
  int may_go_on;         /* atomic */
  gboolean dropped[MPIPE_FUZZ_TASKS_MAX + 1];
  gboolean all_dropped; /* nothing can be said */
};

typedef struct
{
  guint64 number;
  gint64 task; /* its value, 0 when it is none of ours */
} Held;

typedef struct
{
  MpipeFuzzScript *script;
  MpipeChild *child;
  MpipePage *page; /* NULL for none */
  MpipeArenaView *arena; /* NULL for none */
  GByteArray *said;
  guint n_read; /* of what it said */
  GByteArray *heard;
  Held held[HELD_MAX];
  guint n_held;
  guint8 type_sizes[MPIPE_TYPE_TABLE_MAX]; /* of numbers, as the pipeline has named them; 0 for other types */
  guint64 stop_number; /* 0 before it is told to stop */
  guint32 pieces;
  gboolean is_ready;
  gboolean has_named_type;
  gboolean is_garbled; /* has said what cannot be gone on from */
  gboolean foretells;  /* may have said the end of tasks that it did not hold yet */
  gboolean is_silent;
  gboolean is_stubborn; /* stays when its channel ends */
  gboolean has_ended;
} Worker;

static void
worker_free (gpointer data)
{
  Worker *self = data;

  g_object_unref (self->child);
  mpipe_page_free (self->page);
  mpipe_arena_view_free (self->arena);
  g_byte_array_unref (self->said);
  g_byte_array_unref (self->heard);
  g_free (self);
}

/* What it says */

static void
say (Worker *self, guint8 kind, guint8 flags, guint16 type, guint64 number, const void *payload,
     gsize size)
{
  static const guint8 zeros[MPIPE_FRAME_ALIGNMENT] = { 0 };
  MpipeFrameHeader header = {
    .size = (guint32) size, .kind = kind, .flags = flags, .type = type, .sequence = number
  };

  g_byte_array_append (self->said, (const guint8 *) &header, sizeof header);
  if (size > 0)
    g_byte_array_append (self->said, payload, (guint) size);
  g_byte_array_append (self->said, zeros,
                       (guint) (mpipe_frame_length (header.size) - sizeof header - size));
}

static void
say_plain (Worker *self, guint8 kind, guint64 number)
{
  say (self, kind, 0, 0, number, NULL, 0);
}

static void
say_hello (Worker *self, guint32 features)
{
  MpipeWorkerHello hello = { .version = MPIPE_PROTOCOL_VERSION, .features = features };

  say (self, MPIPE_FRAME_HELLO, 0, 0, 0, &hello, sizeof hello);
}

static void
get_ready (Worker *self)
{
  say_plain (self, MPIPE_FRAME_READY, 0);
  self->is_ready = TRUE;
}

static void
quit (Worker *self)
{
  self->has_ended = TRUE;
  mpipe_fuzz_child_exit (self->child);
}

/* What it holds */

static void
forget (Worker *self, guint index)
{
  self->n_held--;
  memmove (&self->held[index], &self->held[index + 1], (self->n_held - index) * sizeof (Held));
}

static void
note_dropped (Worker *self, const Held *held)
{
  if (held->task >= 1 && held->task <= MPIPE_FUZZ_TASKS_MAX)
    self->script->dropped[held->task] = TRUE;
  else
    self->script->all_dropped = TRUE;
}

/* It says anything: about tasks that it holds, or will before the pipeline reads what it said. */
static void
note_all_dropped (Worker *self)
{
  self->foretells = TRUE;
  for (guint i = 0; i < self->n_held; i++)
    note_dropped (self, &self->held[i]);
}

/* Returns: (nullable): where its value lies, which the pipeline is trusted to know */
static const guint8 *
find_value (Worker *self, const MpipeFrameHeader *header, const guint8 *payload)
{
  MpipeSharedPlace place;

  if ((header->flags & MPIPE_FRAME_FLAG_SHARED) == 0)
    return header->size >= sizeof (gint64) ? payload : NULL;
  g_assert_nonnull (self->arena);
  g_assert_cmpuint (header->size, ==, sizeof place);
  memcpy (&place, payload, sizeof place);
  return mpipe_arena_view_get (self->arena, place.offset, place.size);
}

static void
take_task (Worker *self, const MpipeFrameHeader *header, const guint8 *payload)
{
  Held held = { .number = header->sequence };
  const guint8 *value = find_value (self, header, payload);

  if (value != NULL)
    memcpy (&held.task, value, sizeof held.task);
  if (self->foretells)
    note_dropped (self, &held);
  if (self->n_held < HELD_MAX)
    self->held[self->n_held++] = held;
}

/* Tasks of a later stage may be numbers of any type. */
static void
take_row (Worker *self, const MpipeFrameHeader *header, const guint8 *payload)
{
  guint size = header->type < MPIPE_TYPE_TABLE_MAX ? self->type_sizes[header->type] : 0;
  MpipeFrameHeader one = { .kind = MPIPE_FRAME_TASK, .size = size };

  g_assert_cmpuint (size, >, 0);
  g_assert_cmpuint (header->size % size, ==, 0);
  for (guint i = 0; i < header->size / size; i++)
    {
      one.sequence = header->sequence + i;
      take_task (self, &one, payload + i * size);
    }
}

/* What it hears */

static void
note_type (Worker *self, const MpipeFrameHeader *header, const guint8 *payload)
{
  static const guint8 sizes[] = {
    ['d'] = 8, ['i'] = 4, ['n'] = 2, ['q'] = 2, ['t'] = 8, ['u'] = 4, ['x'] = 8, ['y'] = 1,
  };

  if (header->type < MPIPE_TYPE_TABLE_MAX && header->size == 1 && payload[0] < sizeof sizes)
    self->type_sizes[header->type] = sizes[payload[0]];
}

static void
hear_frame (Worker *self, const MpipeFrameHeader *header, const guint8 *payload)
{
  if (header->kind == MPIPE_FRAME_TASK)
    take_task (self, header, payload);
  if (header->kind == MPIPE_FRAME_TASKS)
    take_row (self, header, payload);
  if (header->kind == MPIPE_FRAME_TYPE)
    note_type (self, header, payload);
  if (header->kind == MPIPE_FRAME_STOP)
    self->stop_number = header->sequence;
}

static void
hear_frames (Worker *self)
{
  MpipeFrameHeader header;
  gsize length, used = 0;

  for (; self->heard->len - used >= sizeof header; used += length)
    {
      memcpy (&header, self->heard->data + used, sizeof header);
      length = mpipe_frame_length (header.size);
      if (length > self->heard->len - used)
        break;
      hear_frame (self, &header, self->heard->data + used + sizeof header);
    }
  g_byte_array_remove_range (self->heard, 0, (guint) used);
}

/* Honest work */

static gboolean
begin_honestly (Worker *self, guint64 number)
{
  if (self->page == NULL || mpipe_page_begin (self->page, number, g_get_monotonic_time ()))
    return TRUE;
  say_plain (self, MPIPE_FRAME_SKIPPED, number);
  return FALSE;
}

static void
answer_honestly (Worker *self)
{
  Held *held = &self->held[0];

  if (!self->has_named_type)
    say (self, MPIPE_FRAME_TYPE, 0, RESULT_TYPE, 0, "x", 1);
  self->has_named_type = TRUE;
  if (begin_honestly (self, held->number))
    {
      say_plain (self, MPIPE_FRAME_START, held->number);
      say (self, MPIPE_FRAME_RESULT, MPIPE_FRAME_FLAG_LAST, RESULT_TYPE, held->number, &held->task,
           sizeof held->task);
      if (self->page != NULL)
        mpipe_page_end (self->page, 1);
    }
  forget (self, 0);
}

static void
be_honest (Worker *self)
{
  if (self->is_garbled)
    quit (self);
  else if (!self->is_ready)
    {
      say_hello (self, self->script->options.features);
      get_ready (self);
    }
  else if (self->n_held > 0)
    answer_honestly (self);
  else if (self->stop_number != 0)
    {
      say_plain (self, MPIPE_FRAME_DONE, self->stop_number);
      say_plain (self, MPIPE_FRAME_GOODBYE, 0);
      quit (self);
    }
}

/* Steps of the script */

static const char *const type_strings[]
    = { "x", "s", "as", "v", "a{sv}", "(xs)", "ay", "ax", "d", "b", "h", "a", "()", "mx", "x", "xx" };

/* Returns: the index of a task that it holds, if it holds one; with the number that it is to name */
static guint
choose (Worker *self, guint64 *out_number)
{
  guint8 choice = mpipe_fuzz_take_byte (&self->script->steps);

  if (self->n_held == 0 || choice >= 0xf0)
    {
      *out_number = choice == 0xff ? G_MAXUINT64 : choice & 0x0f;
      if (choice == 0xfe && self->stop_number != 0)
        *out_number = self->stop_number;
      note_all_dropped (self);
      return G_MAXUINT;
    }
  *out_number = self->held[choice % self->n_held].number;
  return choice % self->n_held;
}

static void
end_held (Worker *self, guint index, gboolean drop)
{
  if (index == G_MAXUINT)
    return;
  if (drop)
    note_dropped (self, &self->held[index]);
  forget (self, index);
}

/* A place in shared memory, of its task or of the results, which may be none. */
static MpipeSharedPlace
choose_place (Worker *self)
{
  static const guint64 extremes[] = { 0, MPIPE_SHARED_SIZE_MIN, G_MAXUINT32, G_MAXUINT64 };
  guint8 choice = mpipe_fuzz_take_byte (&self->script->steps);

  return (MpipeSharedPlace){
    .offset = (choice & 8) != 0 ? extremes[choice & 3] : choice & 7,
    .size = (choice & 0x80) != 0 ? extremes[choice >> 4 & 3]
                                 : MPIPE_SHARED_SIZE_MIN + (choice >> 4 & 7),
  };
}

/* Several last results, some of which may be those of tasks that it does not hold. */
static void
say_row (Worker *self, guint index, guint64 number, guint16 type, MpipeFuzzInput payload)
{
  note_all_dropped (self);
  say (self, MPIPE_FRAME_RESULTS, 0, type, number, payload.data, payload.size);
  for (gsize n = payload.size / sizeof (gint64); n > 0 && index < self->n_held; n--)
    forget (self, index);
}

static void
say_result (Worker *self)
{
  MpipeFuzzInput *steps = &self->script->steps;
  guint64 number;
  guint index = choose (self, &number);
  guint8 how = mpipe_fuzz_take_byte (steps);
  guint16 type = (how & 8) != 0 ? RESULT_TYPE : mpipe_fuzz_take_byte (steps) & 15;
  guint8 flags
      = how & (MPIPE_FRAME_FLAG_LAST | MPIPE_FRAME_FLAG_SHARED | MPIPE_FRAME_FLAG_OF_TASK);

  if ((how & MPIPE_FRAME_FLAG_SHARED) != 0)
    {
      MpipeSharedPlace place = choose_place (self);

      say (self, MPIPE_FRAME_RESULT, flags, type, number, &place, sizeof place);
    }
  else
    {
      MpipeFuzzInput payload = mpipe_fuzz_take_bytes (steps, mpipe_fuzz_take_byte (steps) & 63);

      if ((how & AS_ROW) != 0)
        {
          say_row (self, index, number, type, payload);
          return;
        }
      say (self, MPIPE_FRAME_RESULT, flags, type, number, payload.data, payload.size);
    }
  if ((how & MPIPE_FRAME_FLAG_LAST) != 0)
    end_held (self, index, TRUE);
}

static void
say_end (Worker *self, guint8 kind)
{
  static const char failure[] = "\1\0\0\0domain\0message";
  guint64 number;
  guint index = choose (self, &number);

  if (kind == MPIPE_FRAME_FAILED)
    say (self, kind, 0, 0, number, failure, sizeof failure);
  else
    say_plain (self, kind, number);
  end_held (self, index, kind == MPIPE_FRAME_DONE);
}

static void
say_about (Worker *self, guint8 kind)
{
  double fraction = mpipe_fuzz_take_byte (&self->script->steps) / 200.0;
  guint64 number;

  choose (self, &number);
  say (self, kind, 0, 0, number, &fraction, kind == MPIPE_FRAME_PROGRESS ? sizeof fraction : 0);
}

static void
say_type (Worker *self)
{
  guint8 choice = mpipe_fuzz_take_byte (&self->script->steps);
  const char *string = type_strings[choice & 15];
  guint16 number = choice >> 4;

  if (number == 15)
    number = RESULT_TYPE;
  self->has_named_type = self->has_named_type || number == RESULT_TYPE;
  say (self, MPIPE_FRAME_TYPE, 0, number, 0, string, strlen (string));
}

static void
say_anything (Worker *self)
{
  MpipeFuzzInput *steps = &self->script->steps;
  guint8 kind = mpipe_fuzz_take_byte (steps);
  guint8 flags = mpipe_fuzz_take_byte (steps);
  guint16 type = mpipe_fuzz_take_number (steps);
  guint8 number = mpipe_fuzz_take_byte (steps);
  MpipeFuzzInput payload = mpipe_fuzz_take_bytes (steps, mpipe_fuzz_take_byte (steps));

  note_all_dropped (self);
  say (self, kind, flags, type, number, payload.data, payload.size);
}

static void
say_garbage (Worker *self)
{
  MpipeFuzzInput *steps = &self->script->steps;
  MpipeFuzzInput garbage = mpipe_fuzz_take_bytes (steps, mpipe_fuzz_take_byte (steps));

  note_all_dropped (self);
  self->is_garbled = TRUE;
  if (garbage.size > 0)
    g_byte_array_append (self->said, garbage.data, (guint) garbage.size);
}

static void
write_page (Worker *self)
{
  MpipeFuzzInput *steps = &self->script->steps;
  guint8 how = mpipe_fuzz_take_byte (steps);
  guint64 number = how & 1 ? G_MAXUINT64 : mpipe_fuzz_take_byte (steps);
  gint64 since[] = { g_get_monotonic_time (), G_MAXINT64, G_MININT64, 1 };
  gint64 busy[] = { 0, G_MAXINT64, G_MININT64, 1 };

  if (self->page == NULL)
    return;
  mpipe_page_begin (self->page, number, since[how >> 1 & 3]);
  if ((how & 8) != 0)
    mpipe_page_end (self->page, busy[how >> 4 & 3]);
}

static void
leave (Worker *self)
{
  guint8 how = mpipe_fuzz_take_byte (&self->script->steps);

  if ((how & 1) != 0)
    {
      self->is_garbled = TRUE;
      g_byte_array_append (self->said, (const guint8 *) "\1\0\0\0\4", 5); /* a frame cut short */
    }
  if ((how & 2) != 0 && self->script->options.may_hang)
    self->is_silent = TRUE;
  else if ((how & 4) != 0)
    self->is_stubborn = TRUE;
  else
    quit (self);
}

static void
take_step (Worker *self)
{
  switch (mpipe_fuzz_take_byte (&self->script->steps) & 15)
    {
    case 1:
      say_hello (self, mpipe_fuzz_take_byte (&self->script->steps));
      break;
    case 2:
      get_ready (self);
      break;
    case 3:
      say_type (self);
      break;
    case 4:
      say_result (self);
      break;
    case 5:
      say_end (self, MPIPE_FRAME_DONE);
      break;
    case 6:
      say_end (self, MPIPE_FRAME_FAILED);
      break;
    case 7:
      say_about (self, MPIPE_FRAME_START);
      break;
    case 8:
      say_end (self, MPIPE_FRAME_SKIPPED);
      break;
    case 9:
      say_about (self, MPIPE_FRAME_PROGRESS);
      break;
    case 10:
      say_plain (self, MPIPE_FRAME_GOODBYE, 0);
      break;
    case 11:
      say_garbage (self);
      break;
    case 12:
      say_anything (self);
      break;
    case 13:
      write_page (self);
      break;
    case 14:
      leave (self);
      break;
    case 15:
      say_about (self, MPIPE_FRAME_RELEASE);
      break;
    default:
      be_honest (self);
    }
}

/* Whether it is for this worker to go on. */
static gboolean
may_step (Worker *self)
{
  MpipeFuzzScript *script = self->script;

  if (self->has_ended || self->is_silent)
    return FALSE;
  if (!self->is_ready)
    return TRUE;
  if (!g_atomic_int_get (&script->may_go_on))
    return FALSE;
  if (self->n_held > 0 || self->stop_number != 0 || self->is_garbled)
    return TRUE;
  return script->steps.size > 0 && (script->steps.data[0] & ALSO_IDLE) != 0;
}

static gboolean
worker_can_read (gpointer user_data)
{
  Worker *self = user_data;
  MpipeFuzzScript *script = self->script;

  while (self->n_read == self->said->len && may_step (self))
    if (script->steps.size == 0 || (script->options.greets && !self->is_ready))
      be_honest (self);
    else
      take_step (self);
  return self->n_read < self->said->len || self->has_ended;
}

static gsize
worker_read (gpointer user_data, guint8 *bytes, gsize size)
{
  Worker *self = user_data;
  gsize n = mpipe_fuzz_cut (&self->pieces, MIN (size, self->said->len - self->n_read));

  if (n > 0)
    memcpy (bytes, self->said->data + self->n_read, n);
  self->n_read += (guint) n;
  return n;
}

static gsize
worker_write (gpointer user_data, const guint8 *bytes, gsize size)
{
  Worker *self = user_data;
  gsize n = mpipe_fuzz_cut (&self->pieces, size);

  g_byte_array_append (self->heard, bytes, (guint) n);
  hear_frames (self);
  return n;
}

static void
worker_closed (gpointer user_data)
{
  Worker *self = user_data;

  if (!self->is_stubborn && !self->has_ended)
    quit (self);
}

static void
worker_killed (gpointer user_data)
{
  Worker *self = user_data;

  self->has_ended = TRUE;
}

static const MpipeFuzzStreamFuncs worker_funcs = {
  .can_read = worker_can_read,
  .read = worker_read,
  .write = worker_write,
  .closed = worker_closed,
};

/* All workers */

static void
share_memory (Worker *self, MpipeArena *arena, MpipeLaunchMemory *memory)
{
  if (self->script->options.has_page)
    {
      memory->page = mpipe_page_new (NULL);
      self->page = mpipe_page_new_for_fd (mpipe_page_dup_fd (memory->page, NULL), NULL);
    }
  if (self->script->options.shares_memory && arena != NULL)
    {
      memory->arena = mpipe_arena_ref (arena);
      memory->tray = mpipe_tray_new (NULL);
      self->arena = mpipe_arena_view_new_for_fd (mpipe_arena_dup_fd (arena, NULL), NULL);
    }
}

static MpipeChild *
start_worker (gpointer user_data, const MpipeLaunchSpec *spec, GIOStream **out_stream,
              MpipeLaunchMemory *out_memory, GError **error)
{
  MpipeFuzzScript *script = user_data;
  Worker *self = g_new0 (Worker, 1);

  if (script->context == NULL)
    script->context = g_main_context_ref_thread_default ();
  g_ptr_array_add (script->workers, self);
  self->script = script;
  self->said = g_byte_array_new ();
  self->heard = g_byte_array_new ();
  self->pieces = script->options.pieces;
  self->child = mpipe_fuzz_child_new (worker_killed, self);
  *out_stream = mpipe_fuzz_stream_new (&worker_funcs, self);
  share_memory (self, spec->arena, out_memory);
  return g_object_ref (self->child);
}

MpipeFuzzScript *
mpipe_fuzz_script_new (MpipeFuzzInput steps, const MpipeFuzzScriptOptions *options)
{
  MpipeFuzzScript *self = g_new0 (MpipeFuzzScript, 1);

  self->steps = steps;
  self->options = *options;
  self->workers = g_ptr_array_new_with_free_func (worker_free);
  return self;
}

void
mpipe_fuzz_script_free (MpipeFuzzScript *self)
{
  g_ptr_array_unref (self->workers);
  g_clear_pointer (&self->context, g_main_context_unref);
  g_free (self);
}

MpipeLauncher *
mpipe_fuzz_script_launcher_new (MpipeFuzzScript *self)
{
  static const MpipeFuncLauncherFuncs funcs = { .launch = start_worker };

  return mpipe_func_launcher_new (&funcs, self, NULL);
}

void
mpipe_fuzz_script_go_on (MpipeFuzzScript *self)
{
  g_atomic_int_set (&self->may_go_on, TRUE);
  g_main_context_wakeup (self->context);
}

gboolean
mpipe_fuzz_script_was_dropped (MpipeFuzzScript *self, gint64 task)
{
  return self->all_dropped || self->dropped[task];
}

guint
mpipe_fuzz_script_count_living (MpipeFuzzScript *self)
{
  guint n = 0;

  for (guint i = 0; i < self->workers->len; i++)
    n += !((Worker *) g_ptr_array_index (self->workers, i))->has_ended;
  return n;
}

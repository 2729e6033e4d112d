/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* A worker's whole life, its pipeline being the input: greeted, started, task after task, stopped; with workers that do
 * one task after the other, several at once, and those that end them later. What it answers are frames in the order
 * that is promised; no task is answered more often than it was given, and after STOP each was. */

#include "config.h"

#include <string.h>

#include <mpipe-glib.h>

#include "mpipe-fuzz-bytes.h"
#include "mpipe-fuzz-value.h"
#include "mpipe-glib/core/mpipe-arena-private.h"
#include "mpipe-glib/wire/mpipe-channel-private.h"
#include "mpipe-glib/wire/mpipe-type-map-private.h"
#include "mpipe-glib/worker/mpipe-worker-loop-private.h"

#define WITH_PAGE 1
#define BEGINS 2
#define GREETED 4 /* a good HELLO is put before the input */
#define DOES_ARRAYS 0x40 /* if it begins nothing */
#define SHARES_MEMORY 0x80
#define ARENA_SIZE (64u << 10)

/* The workers do what the text says that they are given, and give back anything else. */

static GVariant *
do_text (const char *text, GError **error)
{
  if (g_str_equal (text, "fail"))
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_EXISTS, "failed");
  else if (g_str_equal (text, "handle"))
    return g_variant_new_handle (0);
  else if (!g_str_equal (text, "nothing"))
    return g_variant_new_string (text);
  return NULL;
}

static GVariant *
do_task (GVariant *task, GError **error)
{
  if (task == NULL)
    return NULL;
  mpipe_fuzz_walk (task);
  if (g_variant_is_of_type (task, G_VARIANT_TYPE_STRING))
    return do_text (g_variant_get_string (task, NULL), error);
  return g_variant_ref (task);
}

#define FUZZ_TYPE_WORKER (fuzz_worker_get_type ())
G_DECLARE_FINAL_TYPE (FuzzWorker, fuzz_worker, FUZZ, WORKER, MpipeWorker)

struct _FuzzWorker
{
  MpipeWorker parent_instance;
};

G_DEFINE_FINAL_TYPE (FuzzWorker, fuzz_worker, MPIPE_TYPE_WORKER)

static GVariant *
fuzz_worker_task (MpipeWorker *worker, GVariant *task, GError **error)
{
  if (task != NULL && g_variant_is_of_type (task, G_VARIANT_TYPE_INT64)
      && !mpipe_worker_put_result (worker, task, error))
    return NULL;
  return do_task (task, error);
}

static void
fuzz_worker_class_init (FuzzWorkerClass *klass)
{
  MPIPE_WORKER_CLASS (klass)->task = fuzz_worker_task;
}

static void
fuzz_worker_init (FuzzWorker *self)
{
}

#define FUZZ_TYPE_COLLECTOR (fuzz_collector_get_type ())
G_DECLARE_FINAL_TYPE (FuzzCollector, fuzz_collector, FUZZ, COLLECTOR, MpipeWorker)

struct _FuzzCollector
{
  MpipeWorker parent_instance;
};

G_DEFINE_FINAL_TYPE (FuzzCollector, fuzz_collector, MPIPE_TYPE_WORKER)

/* What it does depends on how many they are. */
static GVariant *
fuzz_collector_task_array (MpipeWorker *worker, GVariant *tasks, GError **error)
{
  mpipe_fuzz_walk (tasks);
  switch (g_variant_n_children (tasks) % 5)
    {
    case 0:
      return NULL;
    case 3:
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_EXISTS, "failed");
      return NULL;
    case 4:
      return g_variant_new_string ("no array");
    default:
      return g_variant_ref (tasks);
    }
}

static void
fuzz_collector_class_init (FuzzCollectorClass *klass)
{
  MPIPE_WORKER_CLASS (klass)->task_array = fuzz_collector_task_array;
}

static void
fuzz_collector_init (FuzzCollector *self)
{
}

#define FUZZ_TYPE_BEGINNER (fuzz_beginner_get_type ())
G_DECLARE_FINAL_TYPE (FuzzBeginner, fuzz_beginner, FUZZ, BEGINNER, MpipeWorker)

struct _FuzzBeginner
{
  MpipeWorker parent_instance;
};

G_DEFINE_FINAL_TYPE (FuzzBeginner, fuzz_beginner, MPIPE_TYPE_WORKER)

static gboolean
end_task_cb (gpointer user_data)
{
  MpipeTask *task = user_data;
  GVariant *value = mpipe_task_get_value (task);
  g_autoptr (GError) error = NULL;
  GVariant *returned = do_task (value, &error);
  g_autoptr (GVariant) result = returned != NULL ? g_variant_take_ref (returned) : NULL;

  mpipe_task_report_progress (task, 0.5, "half of it");
  if (value != NULL && g_variant_is_of_type (value, G_VARIANT_TYPE_INT64))
    mpipe_task_put_result (task, value, NULL);
  if (error != NULL)
    mpipe_task_fail (task, error);
  else
    mpipe_task_return_value (task, result);
  return G_SOURCE_REMOVE;
}

static void
fuzz_beginner_begin (MpipeWorker *worker, MpipeTask *task)
{
  GSource *source = g_idle_source_new ();

  g_source_set_callback (source, end_task_cb, g_object_ref (task), g_object_unref);
  g_source_attach (source, g_main_context_get_thread_default ());
  g_source_unref (source);
}

static void
fuzz_beginner_class_init (FuzzBeginnerClass *klass)
{
  MPIPE_WORKER_CLASS (klass)->begin = fuzz_beginner_begin;
}

static void
fuzz_beginner_init (FuzzBeginner *self)
{
}

/* How often a number was said */

static guint
get_n (GHashTable *numbers, guint64 number)
{
  return GPOINTER_TO_UINT (g_hash_table_lookup (numbers, &number));
}

static void
count (GHashTable *numbers, guint64 number)
{
  guint n = get_n (numbers, number);

  g_hash_table_insert (numbers, g_memdup2 (&number, sizeof number), GUINT_TO_POINTER (n + 1));
}

/* What one side says, frame by frame, with the types that it names */
typedef struct
{
  MpipeFuzzInput bytes;
  MpipeTypeTable *types;
  MpipeTypeMap *map;
} Speech;

static void
speech_init (Speech *self, MpipeFuzzInput bytes)
{
  self->bytes = bytes;
  self->types = mpipe_type_table_new ();
  self->map = mpipe_type_map_new (self->types);
  mpipe_type_map_allow_handles (self->map);
}

static void
speech_clear (Speech *self)
{
  mpipe_type_map_free (self->map);
  mpipe_type_table_unref (self->types);
}

static GHashTable *
numbers_new (void)
{
  return g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
}

/* Returns: whether there was a whole frame */
static gboolean
take_header (Speech *self, MpipeFrameHeader *out_header)
{
  MpipeFrame frame = { { 0 } };

  if (self->bytes.size < sizeof *out_header)
    return FALSE;
  memcpy (out_header, self->bytes.data, sizeof *out_header);
  if (mpipe_frame_length (out_header->size) > self->bytes.size)
    return FALSE;
  frame.header = *out_header;
  frame.payload = self->bytes.data + sizeof *out_header;
  if (out_header->kind == MPIPE_FRAME_TYPE)
    mpipe_type_map_learn (self->map, &frame, NULL);
  mpipe_fuzz_take_bytes (&self->bytes, mpipe_frame_length (out_header->size));
  return TRUE;
}

/* Returns: how many tasks a frame of tasks or of results is about */
static guint
count_row (const Speech *self, const MpipeFrameHeader *header)
{
  guint16 type = mpipe_type_map_translate (self->map, header->type);

  return mpipe_frame_count_row (header, mpipe_type_table_get (self->types, type));
}

/* Returns: how often each number was given to the worker, up to STOP */
static GHashTable *
count_tasks (MpipeFuzzInput said)
{
  GHashTable *numbers = numbers_new ();
  Speech speech;
  MpipeFrameHeader header;

  speech_init (&speech, said);
  while (take_header (&speech, &header))
    {
      if (header.kind == MPIPE_FRAME_TASK || header.kind == MPIPE_FRAME_STOP)
        count (numbers, header.sequence);
      if (header.kind == MPIPE_FRAME_TASKS)
        for (guint i = count_row (&speech, &header); i-- > 0;)
          count (numbers, header.sequence + i);
      if (header.kind == MPIPE_FRAME_STOP)
        break;
    }
  speech_clear (&speech);
  return numbers;
}

/* Returns: how many tasks end with a frame */
static guint
count_ends (const Speech *self, const MpipeFrameHeader *header)
{
  if (header->kind == MPIPE_FRAME_RESULTS)
    return count_row (self, header);
  return header->kind == MPIPE_FRAME_DONE || header->kind == MPIPE_FRAME_SKIPPED
         || header->kind == MPIPE_FRAME_FAILED
         || (header->kind == MPIPE_FRAME_RESULT && (header->flags & MPIPE_FRAME_FLAG_LAST) != 0);
}

static void
check_order (const MpipeFrameHeader *header, guint n_before, gboolean *said_goodbye)
{
  g_assert_false (*said_goodbye);
  g_assert_true ((header->kind == MPIPE_FRAME_HELLO) == (n_before == 0));
  g_assert_true ((header->kind == MPIPE_FRAME_READY) == (n_before == 1));
  *said_goodbye = header->kind == MPIPE_FRAME_GOODBYE;
}

static void
check_answers (MpipeFuzzInput answers, MpipeFuzzInput said, gboolean stopped)
{
  g_autoptr (GHashTable) given = count_tasks (said);
  g_autoptr (GHashTable) ended = numbers_new ();
  Speech speech;
  MpipeFrameHeader header;
  gboolean said_goodbye = FALSE;
  GHashTableIter iter;
  gpointer number, n;

  speech_init (&speech, answers);
  for (guint n_frames = 0; take_header (&speech, &header); n_frames++)
    {
      check_order (&header, n_frames, &said_goodbye);
      for (guint i = count_ends (&speech, &header); i-- > 0;)
        {
          guint64 task = header.sequence + i;

          count (ended, task);
          g_assert_cmpuint (get_n (ended, task), <=, get_n (given, task));
        }
    }
  g_assert_cmpuint (speech.bytes.size, ==, 0);
  speech_clear (&speech);
  g_assert_true (said_goodbye == stopped);
  g_hash_table_iter_init (&iter, given);
  while (stopped && g_hash_table_iter_next (&iter, &number, &n))
    g_assert_cmpuint (get_n (ended, *(guint64 *) number), ==, GPOINTER_TO_UINT (n));
}

/* An arena in which each byte is a letter, and a zero at the end of each of its pages. */
static void
share_memory (MpipeWorkerLoop *loop)
{
  g_autoptr (MpipeArena) arena = mpipe_arena_new (ARENA_SIZE, NULL);
  g_autoptr (MpipeBuffer) buffer = mpipe_arena_try_new_buffer (arena, ARENA_SIZE, 0);
  MpipeTray *tray = mpipe_tray_new (NULL);

  memset (mpipe_buffer_get_data (buffer), 'a', ARENA_SIZE);
  for (guint end = 4096; end <= ARENA_SIZE; end += 4096)
    mpipe_buffer_get_data (buffer)[end - 1] = '\0';
  mpipe_worker_loop_share_memory (
      loop, mpipe_arena_view_new_for_fd (mpipe_arena_dup_fd (arena, NULL), NULL), tray);
}

static GType
get_worker_type (guint8 ways)
{
  if ((ways & BEGINS) != 0)
    return FUZZ_TYPE_BEGINNER;
  return (ways & DOES_ARRAYS) != 0 ? FUZZ_TYPE_COLLECTOR : FUZZ_TYPE_WORKER;
}

static gboolean
work (GIOStream *stream, guint8 ways)
{
  g_autoptr (GError) error = NULL;
  MpipePage *page = (ways & WITH_PAGE) != 0 ? mpipe_page_new (&error) : NULL;
  g_autoptr (MpipeWorkerLoop) loop = mpipe_worker_loop_new (stream, page);
  g_autoptr (MpipeWorker) worker = g_object_new (get_worker_type (ways), NULL);

  g_assert_no_error (error);
  if ((ways & SHARES_MEMORY) != 0)
    share_memory (loop);
  if (mpipe_worker_loop_greet (loop, &error) == NULL)
    {
      g_assert_nonnull (error);
      return FALSE;
    }
  return mpipe_worker_loop_run (loop, worker, &error);
}

static GByteArray *
new_conversation (guint8 ways, MpipeFuzzInput input)
{
  MpipeWorkerSetup setup = {
    .stage_name = (char *) "stage",
    .concurrency = ways >> 4 & 7,
    .do_stop_task = (ways >> 3) & 1,
  };
  g_autoptr (GBytes) bytes = mpipe_worker_setup_to_bytes (&setup);
  MpipeFrameHeader header
      = { .kind = MPIPE_FRAME_HELLO, .size = (guint32) g_bytes_get_size (bytes) };
  GByteArray *said = g_byte_array_new ();

  if ((ways & GREETED) != 0)
    {
      g_byte_array_append (said, (const guint8 *) &header, sizeof header);
      g_byte_array_append (said, g_bytes_get_data (bytes, NULL), header.size);
      g_byte_array_set_size (said, (guint) mpipe_frame_length (header.size));
    }
  if (input.size > 0)
    g_byte_array_append (said, input.data, (guint) input.size);
  return said;
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  MpipeFuzzInput input = { data, size };
  guint8 ways = mpipe_fuzz_take_byte (&input);
  guint8 pieces = mpipe_fuzz_take_byte (&input);
  g_autoptr (GByteArray) conversation = new_conversation (ways, input);
  MpipeFuzzInput said = { conversation->data, conversation->len };
  GMainContext *context = mpipe_fuzz_get_context ();
  MpipeFuzzBytes pipeline;
  g_autoptr (GIOStream) stream = mpipe_fuzz_bytes_init (&pipeline, said, pieces);
  gboolean stopped;

  g_main_context_push_thread_default (context);
  stopped = work (stream, ways);
  while (g_main_context_iteration (context, FALSE))
    ; /* tasks that were open end into nothing */
  g_main_context_pop_thread_default (context);
  check_answers ((MpipeFuzzInput){ pipeline.told->data, pipeline.told->len }, said, stopped);
  mpipe_fuzz_bytes_clear (&pipeline);
  return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

#include "config.h"

#include "mpipe-fuzz.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#ifdef MPIPE_FUZZING
/* A frame may say that it has a gigabyte: that there is no memory for it is one of the cases. */
const char *__asan_default_options (void);
const char *__ubsan_default_options (void);

const char *
__asan_default_options (void)
{
  return "allocator_may_return_null=1:max_allocation_size_mb=64:detect_stack_use_after_return=1";
}

const char *
__ubsan_default_options (void)
{
  return "halt_on_error=1:print_stacktrace=1";
}
#endif

/* A warning of GLib is a find; what GLib does with fatal ones, a trap, libFuzzer would not notice. */
static void
abort_at_warnings (const char *domain, GLogLevelFlags level, const char *message,
                   gpointer user_data)
{
  if ((level & (G_LOG_FATAL_MASK | G_LOG_LEVEL_WARNING | G_LOG_LEVEL_CRITICAL)) == 0)
    return;
  g_printerr ("%s: %s\n", domain != NULL ? domain : "fuzzer", message);
  abort ();
}

/* AddressSanitizer sees what malloc() gives, but not GLib's slices; GLib asks for that before main() runs. */
static void
do_without_slices (char **argv)
{
  if (g_getenv ("G_SLICE") != NULL)
    return;
  g_setenv ("G_SLICE", "always-malloc", TRUE);
  execv ("/proc/self/exe", argv);
  g_error ("the program could not be started again: %s", g_strerror (errno));
}

int
LLVMFuzzerInitialize (int *argc, char ***argv)
{
  do_without_slices (*argv);
  g_log_set_default_handler (abort_at_warnings, NULL);
  return 0;
}

guint8
mpipe_fuzz_take_byte (MpipeFuzzInput *self)
{
  if (self->size == 0)
    return 0;
  self->size--;
  return *self->data++;
}

guint16
mpipe_fuzz_take_number (MpipeFuzzInput *self)
{
  guint8 low = mpipe_fuzz_take_byte (self);

  return (guint16) (low | mpipe_fuzz_take_byte (self) << 8);
}

MpipeFuzzInput
mpipe_fuzz_take_bytes (MpipeFuzzInput *self, gsize size)
{
  MpipeFuzzInput taken = { self->data, MIN (size, self->size) };

  self->data += taken.size;
  self->size -= taken.size;
  return taken;
}

GMainContext *
mpipe_fuzz_get_context (void)
{
  static GMainContext *context;

  if (context == NULL)
    context = g_main_context_new ();
  return context;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* Descriptors that travel with frames. Each is a memory file in which the number of its frame is. */

#include "config.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <gio/gio.h>
#include <gio/gunixfdlist.h>

#include "mpipe-unit-streams.h"

#define N_FRAMES 300
#define LARGEST 60000
#define FEW_FILES 64
#define NOBODY 65534

typedef MpipeUnitChannelPair Fixture;

static void
fixture_set_up (Fixture *self, gconstpointer data)
{
  mpipe_unit_channel_pair_set_up (self, data);
  g_assert_true (mpipe_channel_carries_fds (self->sender));
}

static guint
count_open (void)
{
  g_autoptr (GDir) directory = g_dir_open ("/proc/self/fd", 0, NULL);
  guint n = 0;

  while (g_dir_read_name (directory) != NULL)
    n++;
  return n;
}

static GUnixFDList *
new_fds (guint64 number, guint n)
{
  GUnixFDList *fds = g_unix_fd_list_new ();
  int fd = memfd_create ("test", MFD_CLOEXEC);

  g_assert_no_errno (fd);
  g_assert_cmpint (write (fd, &number, sizeof number), ==, sizeof number);
  for (guint i = 0; i < n; i++)
    g_assert_cmpint (g_unix_fd_list_append (fds, fd, NULL), ==, i);
  close (fd);
  return fds;
}

static void
assert_fds_are_of (GUnixFDList *fds, guint64 number, guint n)
{
  int n_received;
  const int *list;

  if (n == 0)
    {
      g_assert_null (fds);
      return;
    }
  g_assert_nonnull (fds);
  list = g_unix_fd_list_peek_fds (fds, &n_received);
  g_assert_cmpuint (n_received, ==, n);
  for (guint i = 0; i < n; i++)
    {
      guint64 found = 0;

      g_assert_cmpint (pread (list[i], &found, sizeof found, 0), ==, sizeof found);
      g_assert_cmpuint (found, ==, number);
    }
}

static void
send_frame (MpipeChannel *channel, guint64 number, gsize size, guint n_fds)
{
  MpipeFrameHeader header = { .kind = MPIPE_FRAME_TASK,
                              .flags = (guint8) (n_fds << MPIPE_FRAME_FDS_SHIFT),
                              .sequence = number,
                              .size = size };
  g_autoptr (MpipeBuffer) buffer = mpipe_buffer_try_new (size + 1);
  g_autoptr (GUnixFDList) fds = n_fds > 0 ? new_fds (number, n_fds) : NULL;

  memset (mpipe_buffer_get_data (buffer), (int) number, size);
  if (fds != NULL)
    mpipe_channel_attach_fds (channel, fds);
  mpipe_channel_send (channel, &header, mpipe_buffer_get_data (buffer), buffer);
}

/* Of any size, and with any number of descriptors, but always the same. */
static gsize
size_of (guint64 number)
{
  return number % 7 == 0 ? number * 7919 % LARGEST : number % 50;
}

static guint
n_fds_of (guint64 number)
{
  return number % 11 == 0 ? MPIPE_TASK_FDS_MAX : number * 31 % 5 % 3;
}

/* Receives what is there. Returns: the number of the frame that follows */
static guint64
receive_some (MpipeChannel *channel, guint64 next)
{
  g_autoptr (GError) error = NULL;
  MpipeFrame frame;
  MpipeChannelStatus status;

  status = mpipe_channel_receive (channel, &error);
  g_assert_no_error (error);
  g_assert_cmpint (status, !=, MPIPE_CHANNEL_END);
  while (mpipe_channel_next (channel, &frame, &error) == MPIPE_CHANNEL_OK)
    {
      g_autoptr (GUnixFDList) fds = mpipe_channel_take_fds (channel);

      g_assert_no_error (error);
      g_assert_cmpuint (frame.header.sequence, ==, next);
      g_assert_cmpuint (frame.header.size, ==, size_of (next));
      g_assert_cmpuint (mpipe_frame_get_n_fds (&frame.header), ==, n_fds_of (next));
      assert_fds_are_of (fds, next, n_fds_of (next));
      next++;
    }
  return next;
}

static void
test_each_frame_has_its_own (Fixture *fixture, gconstpointer data)
{
  const guint sent_at_once = GPOINTER_TO_UINT (data);
  guint n_open = count_open ();
  guint64 n_received = 0;

  mpipe_channel_accept_fds (fixture->receiver);
  for (guint64 number = 0; number < N_FRAMES;)
    {
      for (guint i = 0; i < sent_at_once && number < N_FRAMES; i++, number++)
        send_frame (fixture->sender, number, size_of (number), n_fds_of (number));
      g_assert_cmpint (mpipe_channel_flush (fixture->sender, NULL), !=, MPIPE_CHANNEL_FAILED);
      n_received = receive_some (fixture->receiver, n_received);
    }
  while (n_received < N_FRAMES)
    {
      g_assert_cmpint (mpipe_channel_flush (fixture->sender, NULL), !=, MPIPE_CHANNEL_FAILED);
      n_received = receive_some (fixture->receiver, n_received);
    }
  g_assert_cmpuint (mpipe_channel_get_n_unsent (fixture->sender), ==, 0);
  g_assert_cmpuint (count_open (), ==, n_open);
}

static GUnixFDList *
receive_one (MpipeChannel *channel, guint64 number, MpipeFrame *out_frame)
{
  mpipe_unit_receive (channel, out_frame);
  g_assert_cmpuint (out_frame->header.sequence, ==, number);
  return mpipe_channel_take_fds (channel);
}

static void
test_what_is_not_accepted_is_closed (Fixture *fixture, gconstpointer data)
{
  guint n_open = count_open ();

  for (guint64 number = 1; number <= 3; number++)
    {
      MpipeFrame frame;

      send_frame (fixture->sender, number, 10, 2);
      g_assert_cmpint (mpipe_channel_flush (fixture->sender, NULL), ==, MPIPE_CHANNEL_OK);
      g_assert_null (receive_one (fixture->receiver, number, &frame));
      g_assert_cmpuint (count_open (), ==, n_open);
    }
}

static void
test_what_is_not_taken_is_closed (Fixture *fixture, gconstpointer data)
{
  guint n_open = count_open ();
  MpipeFrame frame;

  mpipe_channel_accept_fds (fixture->receiver);
  for (guint64 number = 1; number <= 3; number++)
    send_frame (fixture->sender, number, 10, 2);
  g_assert_cmpint (mpipe_channel_flush (fixture->sender, NULL), ==, MPIPE_CHANNEL_OK);
  for (guint64 number = 1; number <= 2; number++)
    mpipe_unit_receive (fixture->receiver, &frame);
  /* the third has arrived, or not; it is closed with the channel */
  g_clear_pointer (&fixture->receiver, mpipe_channel_free);
  g_assert_cmpuint (count_open (), <=, n_open);
}

static void
test_what_is_not_sent_is_closed (Fixture *fixture, gconstpointer data)
{
  guint n_open = count_open ();

  for (guint64 number = 1; number <= 100; number++)
    send_frame (fixture->sender, number, LARGEST, 2);
  mpipe_channel_flush (fixture->sender, NULL);
  g_assert_cmpuint (count_open (), >, n_open);
  mpipe_channel_close (fixture->sender);
  g_assert_cmpuint (count_open (), <, n_open + 3);
}

static void
test_frames_that_lose_theirs_say_so (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GUnixFDList) none = NULL;
  g_autoptr (GUnixFDList) some = NULL;
  MpipeFrame frame;

  mpipe_channel_accept_fds (fixture->receiver);
  send_frame (fixture->sender, 1, 10, 2);
  mpipe_channel_give_up_fds (fixture->sender);
  send_frame (fixture->sender, 2, 10, 2);
  g_assert_cmpint (mpipe_channel_flush (fixture->sender, NULL), ==, MPIPE_CHANNEL_OK);
  none = receive_one (fixture->receiver, 1, &frame);
  assert_fds_are_of (none, 1, 0);
  g_assert_false (mpipe_frame_check_fds (&frame.header, 0, &error));
  g_assert_nonnull (strstr (error->message, "refuses to send"));
  some = receive_one (fixture->receiver, 2, &frame);
  assert_fds_are_of (some, 2, 2);
  g_assert_true (mpipe_frame_check_fds (&frame.header, 2, NULL));
}

static void
set_limit (guint64 n)
{
  struct rlimit limit;

  g_assert_no_errno (getrlimit (RLIMIT_NOFILE, &limit));
  limit.rlim_cur = n;
  g_assert_no_errno (setrlimit (RLIMIT_NOFILE, &limit));
}

/* Frames that follow have theirs nevertheless. */
static void
test_what_there_is_no_room_for_is_missing (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GUnixFDList) first = NULL;
  g_autoptr (GUnixFDList) second = NULL;
  g_autoptr (GUnixFDList) third = NULL;
  MpipeFrame frame;
  struct rlimit before;
  int lowest;

  if (g_strcmp0 (g_getenv ("MPIPE_TESTS_UNDER"), "valgrind") == 0)
    {
      g_test_skip ("valgrind does not keep the limit where descriptors are received");
      return;
    }
  g_assert_no_errno (getrlimit (RLIMIT_NOFILE, &before));
  mpipe_channel_accept_fds (fixture->receiver);
  for (guint64 number = 1; number <= 3; number++)
    send_frame (fixture->sender, number, 10, 3);
  g_assert_cmpint (mpipe_channel_flush (fixture->sender, NULL), ==, MPIPE_CHANNEL_OK);

  lowest = dup (0);
  close (lowest);
  set_limit (lowest + 1); /* room for one at most */
  first = receive_one (fixture->receiver, 1, &frame);
  g_assert_nonnull (first);
  g_assert_cmpint (g_unix_fd_list_get_length (first), <, 3);
  g_assert_false (
      mpipe_frame_check_fds (&frame.header, (guint) g_unix_fd_list_get_length (first), NULL));
  set_limit (lowest); /* and for none */
  second = receive_one (fixture->receiver, 2, &frame);
  g_assert_nonnull (second);
  g_assert_cmpint (g_unix_fd_list_get_length (second), ==, 0);
  set_limit (before.rlim_cur);
  third = receive_one (fixture->receiver, 3, &frame);
  assert_fds_are_of (third, 3, 3);
}

/* Root may have any number on their way, so this is done by nobody, in a process of its own. */
static void
test_too_many_on_their_way_wait (Fixture *fixture, gconstpointer data)
{
  MpipeChannelStatus status = MPIPE_CHANNEL_OK;
  guint64 n_sent = 0, n_received = 0;
  GUnixFDList *fds;
  MpipeFrame frame;

  if (!g_test_subprocess ())
    {
      g_test_trap_subprocess (NULL, 60 * G_USEC_PER_SEC, G_TEST_SUBPROCESS_INHERIT_STDERR);
      g_test_trap_assert_passed ();
      return;
    }
  set_limit (FEW_FILES);
  if (getuid () == 0)
    g_assert_no_errno (setresuid (NOBODY, NOBODY, NOBODY));
  while (status == MPIPE_CHANNEL_OK && n_sent < 4 * FEW_FILES)
    {
      send_frame (fixture->sender, ++n_sent, 0, MPIPE_TASK_FDS_MAX);
      status = mpipe_channel_flush (fixture->sender, NULL);
    }
  g_assert_cmpint (status, ==, MPIPE_CHANNEL_CHOKED);
  g_assert_cmpint (mpipe_channel_flush (fixture->sender, NULL), ==, MPIPE_CHANNEL_CHOKED);

  mpipe_channel_accept_fds (fixture->receiver);
  fds = receive_one (fixture->receiver, ++n_received, &frame);
  assert_fds_are_of (fds, n_received, MPIPE_TASK_FDS_MAX);
  g_object_unref (fds);
  g_assert_cmpint (mpipe_channel_flush (fixture->sender, NULL), ==, MPIPE_CHANNEL_OK);
  while (n_received < n_sent)
    {
      fds = receive_one (fixture->receiver, ++n_received, &frame);
      assert_fds_are_of (fds, n_received, MPIPE_TASK_FDS_MAX);
      g_object_unref (fds);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(path, function, data)                                                                  \
  g_test_add ("/mpipe/wire/channel/" path, Fixture, data, fixture_set_up, function,                \
              mpipe_unit_channel_pair_tear_down)
  ADD ("each-frame-has-its-own-descriptors/one-by-one", test_each_frame_has_its_own,
       GUINT_TO_POINTER (1));
  ADD ("each-frame-has-its-own-descriptors/three-by-three", test_each_frame_has_its_own,
       GUINT_TO_POINTER (3));
  ADD ("each-frame-has-its-own-descriptors/all-at-once", test_each_frame_has_its_own,
       GUINT_TO_POINTER (N_FRAMES));
  ADD ("descriptors-that-are-not-accepted-are-closed", test_what_is_not_accepted_is_closed, NULL);
  ADD ("descriptors-that-are-not-taken-are-closed", test_what_is_not_taken_is_closed, NULL);
  ADD ("descriptors-that-are-not-sent-are-closed", test_what_is_not_sent_is_closed, NULL);
  ADD ("frames-that-lose-their-descriptors-say-so", test_frames_that_lose_theirs_say_so, NULL);
  ADD ("descriptors-that-there-is-no-room-for-are-missing",
       test_what_there_is_no_room_for_is_missing, NULL);
  ADD ("too-many-descriptors-on-their-way-wait", test_too_many_on_their_way_wait, NULL);
#undef ADD

  return g_test_run ();
}

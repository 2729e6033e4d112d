/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* The functions are found here before those of the system, by the library, which is linked statically, and by the
 * shared ones that it uses. Where a call is GLib's own affair, those that come from outside of the program pass.
 *
 * A worker finds its fault in the environment, and makes a file when it meets it: there is one such worker. */

#include "config.h"

#include "mpipe-failing-calls.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <unistd.h>

#include <glib/gstdio.h>

#define VARIABLE "MPIPE_TEST_FAULT" /* CALL:ERROR:FIRST:N:PIECE:FILE */
#define WORKER_VARIABLE "MPIPE_WORKER"
#define VECTORS_MAX 128

extern const char __executable_start[], etext[];

static MpipeTestFault fault; /* changed only while `active` is 0 */
static char call_name[32];
static int active;
static guint n_calls;
static guint n_hits;
static pthread_t spared;
static gboolean spares;
static char *met_file;      /* of a worker; NULL in the application */
static char *met_directory; /* in the application, of a worker's */

static gboolean
is_from_program (const void *address)
{
  return (const char *) address >= __executable_start && (const char *) address < etext;
}

/* Returns: whether this process is the one. */
static gboolean
claim (void)
{
  static int claimed;
  int fd;

  if (met_file == NULL || __atomic_load_n (&claimed, __ATOMIC_ACQUIRE))
    return TRUE;
  fd = open (met_file, O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0)
    return FALSE;
  close (fd);
  __atomic_store_n (&claimed, 1, __ATOMIC_RELEASE);
  return TRUE;
}

/* Whether this call is concerned. */
static gboolean
meets (const char *call, guint *out_number)
{
  guint number;
  int saved_errno = errno;

  if (!__atomic_load_n (&active, __ATOMIC_ACQUIRE) || strcmp (call, call_name) != 0
      || (spares && pthread_equal (spared, pthread_self ())))
    return FALSE;
  number = __atomic_add_fetch (&n_calls, 1, __ATOMIC_RELAXED);
  if (number < fault.first || (fault.n > 0 && number >= fault.first + fault.n) || !claim ())
    return FALSE;
  *out_number = number;
  __atomic_add_fetch (&n_hits, 1, __ATOMIC_RELAXED);
  errno = saved_errno;
  return TRUE;
}

/* Whether the call fails; errno is set then. */
static gboolean
fails (const char *call, const void *caller)
{
  guint number;

  if ((caller != NULL && !is_from_program (caller)) || !meets (call, &number))
    return FALSE;
  errno = fault.error;
  return TRUE;
}

/* The same for one that moves bytes, of which it may be given less. */
static gboolean
fails_or_moves (const char *call, const void *caller, gsize *size)
{
  guint number;

  if ((caller != NULL && !is_from_program (caller)) || !meets (call, &number))
    return FALSE;
  if (fault.piece > 0)
    *size = MIN (*size, fault.piece);
  errno = fault.error;
  return fault.error != 0 && (fault.piece == 0 || (number - fault.first) % 2 == 1);
}

#define CALLER __builtin_return_address (0)
#define BY_GLIB NULL

/* The function that would have been called. */
#define NEXT(name)                                                                                 \
  ({                                                                                               \
    static __typeof__ (name) *next;                                                                \
    if (next == NULL)                                                                              \
      next = (__typeof__ (name) *) dlsym (RTLD_NEXT, #name);                                       \
    next;                                                                                          \
  })

ssize_t
recv (int fd, void *buffer, size_t size, int flags)
{
  return fails_or_moves ("recv", BY_GLIB, &size) ? -1 : NEXT (recv) (fd, buffer, size, flags);
}

/* What the message is without the bytes beyond @size, with @vectors for its own. */
static struct msghdr
shorten (const struct msghdr *message, struct iovec vectors[VECTORS_MAX], gsize size)
{
  struct msghdr shorter = *message;

  shorter.msg_iov = vectors;
  for (shorter.msg_iovlen = 0; shorter.msg_iovlen < message->msg_iovlen && size > 0;)
    {
      struct iovec *vector = &vectors[shorter.msg_iovlen];

      *vector = message->msg_iov[shorter.msg_iovlen++];
      vector->iov_len = MIN (vector->iov_len, size);
      size -= vector->iov_len;
    }
  return shorter;
}

ssize_t
sendmsg (int fd, const struct msghdr *message, int flags)
{
  struct iovec vectors[VECTORS_MAX];
  struct msghdr shorter;
  gsize size = G_MAXSIZE;

  if (fails_or_moves ("sendmsg", BY_GLIB, &size))
    return -1;
  if (size == G_MAXSIZE || message->msg_iovlen > VECTORS_MAX)
    return NEXT (sendmsg) (fd, message, flags);
  shorter = shorten (message, vectors, size);
  return NEXT (sendmsg) (fd, &shorter, flags);
}

ssize_t
recvmsg (int fd, struct msghdr *message, int flags)
{
  struct iovec vectors[VECTORS_MAX];
  struct msghdr shorter;
  gsize size = G_MAXSIZE;
  ssize_t n;

  if (fails_or_moves ("recvmsg", BY_GLIB, &size))
    return -1;
  if (size == G_MAXSIZE || message->msg_iovlen > VECTORS_MAX)
    return NEXT (recvmsg) (fd, message, flags);
  shorter = shorten (message, vectors, size);
  n = NEXT (recvmsg) (fd, &shorter, flags);
  message->msg_namelen = shorter.msg_namelen;
  message->msg_controllen = shorter.msg_controllen;
  message->msg_flags = shorter.msg_flags;
  return n;
}

ssize_t
send (int fd, const void *buffer, size_t size, int flags)
{
  return fails_or_moves ("send", CALLER, &size) ? -1 : NEXT (send) (fd, buffer, size, flags);
}

ssize_t
read (int fd, void *buffer, size_t size)
{
  return fails_or_moves ("read", CALLER, &size) ? -1 : NEXT (read) (fd, buffer, size);
}

ssize_t
write (int fd, const void *buffer, size_t size)
{
  return fails_or_moves ("write", CALLER, &size) ? -1 : NEXT (write) (fd, buffer, size);
}

int
poll (struct pollfd *fds, nfds_t n, int timeout)
{
  return fails ("poll", CALLER) ? -1 : NEXT (poll) (fds, n, timeout);
}

/* Never made to fail; but what the library has closed already may be somebody else's by now. */
int
close (int fd)
{
  int result = NEXT (close) (fd);

  if (result < 0 && errno == EBADF && fd >= 0 && is_from_program (CALLER))
    g_error ("descriptor %d was closed before", fd);
  return result;
}

int
epoll_create1 (int flags)
{
  return fails ("epoll_create1", CALLER) ? -1 : NEXT (epoll_create1) (flags);
}

/* What was added is always taken out. */
int
epoll_ctl (int epoll_fd, int operation, int fd, struct epoll_event *event)
{
  if (operation == EPOLL_CTL_ADD && fails ("epoll_ctl", CALLER))
    return -1;
  return NEXT (epoll_ctl) (epoll_fd, operation, fd, event);
}

int
epoll_wait (int fd, struct epoll_event *events, int n, int timeout)
{
  return fails ("epoll_wait", CALLER) ? -1 : NEXT (epoll_wait) (fd, events, n, timeout);
}

int
eventfd (unsigned int value, int flags)
{
  return fails ("eventfd", CALLER) ? -1 : NEXT (eventfd) (value, flags);
}

int
fcntl (int fd, int command, ...)
{
  va_list arguments;
  void *argument;

  va_start (arguments, command);
  argument = va_arg (arguments, void *);
  va_end (arguments);
  return fails ("fcntl", CALLER) ? -1 : NEXT (fcntl) (fd, command, argument);
}

int
ftruncate (int fd, off_t size)
{
  return fails ("ftruncate", CALLER) ? -1 : NEXT (ftruncate) (fd, size);
}

int
memfd_create (const char *name, unsigned int flags)
{
  return fails ("memfd_create", CALLER) ? -1 : NEXT (memfd_create) (name, flags);
}

void *
mmap (void *address, size_t size, int protection, int flags, int fd, off_t offset)
{
  return fails ("mmap", CALLER) ? MAP_FAILED
                                : NEXT (mmap) (address, size, protection, flags, fd, offset);
}

int
pipe2 (int fds[2], int flags)
{
  return fails ("pipe2", CALLER) ? -1 : NEXT (pipe2) (fds, flags);
}

int
prctl (int option, ...)
{
  va_list arguments;
  unsigned long values[4];

  va_start (arguments, option);
  for (guint i = 0; i < G_N_ELEMENTS (values); i++)
    values[i] = va_arg (arguments, unsigned long);
  va_end (arguments);
  return fails ("prctl", CALLER)
             ? -1
             : NEXT (prctl) (option, values[0], values[1], values[2], values[3]);
}

int
getsockopt (int fd, int level, int name, void *value, socklen_t *size)
{
  return fails ("getsockopt", BY_GLIB) ? -1 : NEXT (getsockopt) (fd, level, name, value, size);
}

int
setsockopt (int fd, int level, int name, const void *value, socklen_t size)
{
  return fails ("setsockopt", CALLER) ? -1 : NEXT (setsockopt) (fd, level, name, value, size);
}

int
socketpair (int domain, int type, int protocol, int fds[2])
{
  return fails ("socketpair", CALLER) ? -1 : NEXT (socketpair) (domain, type, protocol, fds);
}

int
timerfd_create (clockid_t clock, int flags)
{
  return fails ("timerfd_create", CALLER) ? -1 : NEXT (timerfd_create) (clock, flags);
}

int
timerfd_settime (int fd, int flags, const struct itimerspec *new, struct itimerspec *old)
{
  return fails ("timerfd_settime", CALLER) ? -1 : NEXT (timerfd_settime) (fd, flags, new, old);
}

/* These return the error. */

int
posix_spawn (pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
             const posix_spawnattr_t *attributes, char *const argv[], char *const envp[])
{
  return fails ("posix_spawn", BY_GLIB)
             ? fault.error
             : NEXT (posix_spawn) (pid, path, actions, attributes, argv, envp);
}

int
pthread_create (pthread_t *thread, const pthread_attr_t *attributes, void *(*func) (void *),
                void *data)
{
  return fails ("pthread_create", BY_GLIB) ? fault.error
                                           : NEXT (pthread_create) (thread, attributes, func, data);
}

/* Setting */

static void
activate (const MpipeTestFault *next)
{
  fault = *next;
  g_strlcpy (call_name, next->call, sizeof call_name);
  n_calls = n_hits = 0;
  __atomic_store_n (&active, 1, __ATOMIC_RELEASE);
}

void
mpipe_test_fault_set (const MpipeTestFault *next)
{
  spared = pthread_self ();
  spares = !next->everywhere;
  activate (next);
}

void
mpipe_test_fault_set_for_worker (const MpipeTestFault *next)
{
  g_autofree char *value = NULL;

  met_directory = g_dir_make_tmp (NULL, NULL);
  value = g_strdup_printf ("%s:%d:%u:%u:%" G_GSIZE_FORMAT ":%s/met", next->call, next->error,
                           next->first, next->n, next->piece, met_directory);
  g_setenv (VARIABLE, value, TRUE);
}

guint
mpipe_test_fault_clear (void)
{
  g_autofree char *file = NULL;

  __atomic_store_n (&active, 0, __ATOMIC_RELEASE);
  if (met_directory == NULL)
    return n_hits;
  g_unsetenv (VARIABLE);
  file = g_build_filename (met_directory, "met", NULL);
  n_hits = g_unlink (file) == 0 ? 1 : 0;
  g_rmdir (met_directory);
  g_clear_pointer (&met_directory, g_free);
  return n_hits;
}

__attribute__ ((constructor)) static void
find_fault_of_worker (void)
{
  static char call[sizeof call_name], file[4096];
  const char *value = getenv (VARIABLE);
  MpipeTestFault found = { .call = call };

  if (getenv (WORKER_VARIABLE) == NULL || value == NULL
      || sscanf (value, "%31[^:]:%d:%u:%u:%zu:%4095s", call, &found.error, &found.first, &found.n,
                 &found.piece, file)
             != 6)
    return;
  met_file = file;
  activate (&found);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* The innermost part of a sandbox: runs in the namespaces that bubblewrap or flatpak has made, takes away what a
 * worker still could do there, and executes the worker.
 *
 *   mpipe-sandbox-exec MEMORY PROCESSES FILE-SIZE OPEN-FILES CPU-SECONDS PROGRAM ARGUMENTS…
 *   mpipe-sandbox-exec MEMORY PROCESSES FILE-SIZE OPEN-FILES CPU-SECONDS --probe
 *
 * Limits are decimal numbers, 0 for none. ARGUMENTS begin with the program's name for itself. With --probe
 * nothing is executed, but what is in force is printed.
 *
 * The worker is a child of this program, which stays, as the first process of the sandbox: it reaps what the worker
 * leaves behind, and ends with it, so that everything in the sandbox ends. It ends when the process around the sandbox
 * does, which is told by a signal; that may be sent to the same user only, and so this process stays root where it was.
 * It has no privileges, the same filter as the worker, and nobody can look into it: it is not worth an attack.
 *
 * The list of system calls is a list of what is refused: what administers the machine, looks into other processes,
 * makes namespaces, or has been a way into the kernel more than once and is not needed to compute. */

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mpipe-refusal.h"

#define NOBODY 65534

/* From here on RLIMIT_NPROC counts the processes of one user namespace, not all those of a user. */
#define COUNTING_VERSION_MAJOR 5
#define COUNTING_VERSION_MINOR 14

enum
{
  ARGUMENT_MEMORY = 1,
  ARGUMENT_PROCESSES,
  ARGUMENT_FILE_SIZE,
  ARGUMENT_OPEN_FILES,
  ARGUMENT_CPU,
  ARGUMENT_PROGRAM,
  ARGUMENT_NAME,
};

static const int refused_calls[] = {
  /* the machine */
  SCMP_SYS (acct),
  SCMP_SYS (adjtimex),
  SCMP_SYS (clock_adjtime),
  SCMP_SYS (clock_settime),
  SCMP_SYS (create_module),
  SCMP_SYS (delete_module),
  SCMP_SYS (finit_module),
  SCMP_SYS (init_module),
  SCMP_SYS (ioperm),
  SCMP_SYS (iopl),
  SCMP_SYS (kexec_file_load),
  SCMP_SYS (kexec_load),
  SCMP_SYS (lookup_dcookie),
  SCMP_SYS (modify_ldt),
  SCMP_SYS (nfsservctl),
  SCMP_SYS (quotactl),
  SCMP_SYS (quotactl_fd),
  SCMP_SYS (reboot),
  SCMP_SYS (setdomainname),
  SCMP_SYS (sethostname),
  SCMP_SYS (settimeofday),
  SCMP_SYS (stime),
  SCMP_SYS (swapoff),
  SCMP_SYS (swapon),
  SCMP_SYS (sysfs),
  SCMP_SYS (syslog),
  SCMP_SYS (uselib),
  SCMP_SYS (vhangup),
  SCMP_SYS (vm86),
  SCMP_SYS (vm86old),
  /* keys */
  SCMP_SYS (add_key),
  SCMP_SYS (keyctl),
  SCMP_SYS (request_key),
  /* namespaces and mounts */
  SCMP_SYS (chroot),
  SCMP_SYS (fsconfig),
  SCMP_SYS (fsmount),
  SCMP_SYS (fsopen),
  SCMP_SYS (fspick),
  SCMP_SYS (mount),
  SCMP_SYS (mount_setattr),
  SCMP_SYS (move_mount),
  SCMP_SYS (open_tree),
  SCMP_SYS (pivot_root),
  SCMP_SYS (setns),
  SCMP_SYS (umount),
  SCMP_SYS (umount2),
  SCMP_SYS (unshare),
  /* other processes */
  SCMP_SYS (kcmp),
  SCMP_SYS (move_pages),
  SCMP_SYS (migrate_pages),
  SCMP_SYS (pidfd_getfd),
  SCMP_SYS (process_madvise),
  SCMP_SYS (process_vm_readv),
  SCMP_SYS (process_vm_writev),
  SCMP_SYS (ptrace),
  /* files by number, and watching those of others */
  SCMP_SYS (fanotify_init),
  SCMP_SYS (name_to_handle_at),
  SCMP_SYS (open_by_handle_at),
  /* wide doors of the kernel */
  SCMP_SYS (bpf),
  SCMP_SYS (perf_event_open),
  SCMP_SYS (userfaultfd),
};

/* Programs do without these when the system seems not to have them. */
static const int absent_calls[] = {
  SCMP_SYS (clone3), /* its flags cannot be seen */
  SCMP_SYS (io_uring_enter),
  SCMP_SYS (io_uring_register),
  SCMP_SYS (io_uring_setup),
};

static const unsigned int namespace_flags[] = {
  CLONE_NEWCGROUP, CLONE_NEWIPC,  CLONE_NEWNET, CLONE_NEWNS,
  CLONE_NEWPID,    CLONE_NEWUSER, CLONE_NEWUTS,
};

#if defined(__s390__) || defined(__s390x__)
#define CLONE_FLAGS_ARGUMENT 1
#else
#define CLONE_FLAGS_ARGUMENT 0
#endif

static int probing;

static _Noreturn void
refuse (const char *what, int error_number)
{
  if (!probing)
    mpipe_refuse (what, error_number);
  fprintf (stderr, "cannot %s: %s\n", what, strerror (error_number));
  _exit (EXIT_CANNOT_EXECUTE);
}

/* Root becomes nobody, for good: not root with a mask. Returns: whether it was root */
static int
drop_user (void)
{
  if (geteuid () != 0)
    return 0;
  if (setgroups (0, NULL) < 0 || setresgid (NOBODY, NOBODY, NOBODY) < 0
      || setresuid (NOBODY, NOBODY, NOBODY) < 0)
    refuse ("become an unprivileged user in the sandbox", errno);
  prctl (PR_SET_DUMPABLE, 1); /* as any process of that user */
  return 1;
}

static int
write_text (const char *path, const char *text)
{
  int fd = open (path, O_WRONLY | O_CLOEXEC);
  ssize_t n;

  if (fd < 0)
    return 0;
  n = write (fd, text, strlen (text));
  close (fd);
  return n == (ssize_t) strlen (text);
}

/* A user namespace of its own, so that its processes are counted apart from others of the user. Returns: whether
 * there is one */
static int
enter_user_namespace (void)
{
  char map[64];

  snprintf (map, sizeof map, "%d %d 1", NOBODY, NOBODY);
  return unshare (CLONE_NEWUSER) == 0 && write_text ("/proc/self/setgroups", "deny")
         && write_text ("/proc/self/uid_map", map) && write_text ("/proc/self/gid_map", map);
}

static int
counts_by_namespace (void)
{
  struct utsname system;
  int major = 0, minor = 0;

  return uname (&system) == 0 && sscanf (system.release, "%d.%d", &major, &minor) == 2
         && (major > COUNTING_VERSION_MAJOR
             || (major == COUNTING_VERSION_MAJOR && minor >= COUNTING_VERSION_MINOR));
}

/* No limit is raised above what is allowed. There are @n_more between the one that is set, and the one beyond which it
 * cannot be raised. */
static void
set_limit (int resource, const char *text, rlim_t n_more, const char *what)
{
  rlim_t value = strtoull (text, NULL, 10);
  struct rlimit limit;

  if (value == 0)
    return;
  if (getrlimit (resource, &limit) < 0)
    refuse (what, errno);
  if (value + n_more < limit.rlim_max)
    limit.rlim_max = value + n_more;
  limit.rlim_cur = value < limit.rlim_max ? value : limit.rlim_max;
  if (setrlimit (resource, &limit) < 0)
    refuse (what, errno);
}

static void
set_limits (char **argv, int limits_processes)
{
  const struct rlimit none = { 0, 0 };

  signal (SIGXFSZ, SIG_IGN); /* a write that is too much fails, and that is all */
  set_limit (RLIMIT_DATA, argv[ARGUMENT_MEMORY], 0, "limit the memory of the worker");
  set_limit (RLIMIT_FSIZE, argv[ARGUMENT_FILE_SIZE], 0, "limit the size of the worker's files");
  set_limit (RLIMIT_NOFILE, argv[ARGUMENT_OPEN_FILES], 0, "limit the worker's open files");
  /* a signal first, then one that nobody survives */
  set_limit (RLIMIT_CPU, argv[ARGUMENT_CPU], 1, "limit the worker's processor time");
  if (limits_processes)
    set_limit (RLIMIT_NPROC, argv[ARGUMENT_PROCESSES], 0, "limit the worker's processes");
  if (setrlimit (RLIMIT_CORE, &none) < 0)
    refuse ("switch off core dumps", errno);
}

static void
check (int result, const char *what)
{
  if (result < 0)
    refuse (what, -result);
}

/* Calls that this machine does not have are passed over. */
static void
add_refusal (scmp_filter_ctx filter, int error_number, int call)
{
  int result = seccomp_rule_add (filter, SCMP_ACT_ERRNO ((uint16_t) error_number), call, 0);

  if (result != -EDOM && result != -EFAULT)
    check (result, "describe the system calls of the worker");
}

static void
add_refusal_if_equal (scmp_filter_ctx filter, int error_number, int call, unsigned int argument,
                      uint64_t mask, uint64_t value)
{
  check (seccomp_rule_add (filter, SCMP_ACT_ERRNO ((uint16_t) error_number), call, 1,
                           SCMP_CMP (argument, SCMP_CMP_MASKED_EQ, mask, value)),
         "describe the system calls of the worker");
}

/* Sockets of other kinds than AF_UNIX lead nowhere here, but deep into the kernel. */
static void
refuse_sockets (scmp_filter_ctx filter)
{
  check (seccomp_rule_add (filter, SCMP_ACT_ERRNO (EAFNOSUPPORT), SCMP_SYS (socket), 1,
                           SCMP_A0 (SCMP_CMP_NE, AF_UNIX)),
         "describe the system calls of the worker");
}

static void
refuse_calls (void)
{
  scmp_filter_ctx filter = seccomp_init (SCMP_ACT_ALLOW);

  if (filter == NULL)
    refuse ("describe the system calls of the worker", ENOMEM);
  for (size_t i = 0; i < sizeof refused_calls / sizeof refused_calls[0]; i++)
    add_refusal (filter, EPERM, refused_calls[i]);
  for (size_t i = 0; i < sizeof absent_calls / sizeof absent_calls[0]; i++)
    add_refusal (filter, ENOSYS, absent_calls[i]);
  for (size_t i = 0; i < sizeof namespace_flags / sizeof namespace_flags[0]; i++)
    add_refusal_if_equal (filter, EPERM, SCMP_SYS (clone), CLONE_FLAGS_ARGUMENT, namespace_flags[i],
                          namespace_flags[i]);
  /* words put into the mouth of a terminal; only the lower half of the number counts */
  add_refusal_if_equal (filter, EPERM, SCMP_SYS (ioctl), 1, 0xffffffffu, TIOCSTI);
  add_refusal_if_equal (filter, EPERM, SCMP_SYS (ioctl), 1, 0xffffffffu, TIOCLINUX);
  refuse_sockets (filter);
  check (seccomp_attr_set (filter, SCMP_FLTATR_CTL_NNP, 1), "keep privileges away from the worker");
  check (seccomp_load (filter), "filter the system calls of the worker");
  seccomp_release (filter);
}

/* Takes away what is to be taken away from the worker. Returns: whether its processes are limited */
static int
confine (char **argv)
{
  int was_root = drop_user ();
  int limits_processes = counts_by_namespace () && (!was_root || enter_user_namespace ());

  set_limits (argv, limits_processes);
  refuse_calls ();
  return limits_processes;
}

static _Noreturn void
execute (char **argv)
{
  char what[512];
  int limits_processes, error_number;

  limits_processes = confine (argv);
  if (probing)
    {
      puts (limits_processes ? "processes" : "");
      exit (EXIT_SUCCESS);
    }
  signal (SIGTERM, SIG_DFL);
  execv (argv[ARGUMENT_PROGRAM], argv + ARGUMENT_NAME);
  error_number = errno;
  snprintf (what, sizeof what, "execute “%s” in the sandbox", argv[ARGUMENT_NAME]);
  refuse (what, error_number);
}

/* Root without any capability can still read and write what is root's: but nothing of that is done here. */
static void
drop_capabilities (void)
{
  struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
  struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { { 0 } };

  if (syscall (SYS_capset, &header, none) < 0)
    refuse ("give up privileges in the sandbox", errno);
}

/* Returns: the status of the worker, once it has ended. Children of the worker that have lost their parent come
 * here. */
static int
wait_for (pid_t worker)
{
  for (;;)
    {
      int status;
      pid_t ended = waitpid (-1, &status, 0);

      if (ended < 0 && errno != EINTR)
        return EXIT_CANNOT_EXECUTE;
      if (ended == worker && WIFSIGNALED (status))
        return 128 + WTERMSIG (status);
      if (ended == worker)
        return WEXITSTATUS (status);
    }
}

int
main (int argc, char **argv)
{
  pid_t worker;

  probing = argc > ARGUMENT_PROGRAM && strcmp (argv[ARGUMENT_PROGRAM], "--probe") == 0;
  if (argc <= ARGUMENT_NAME && !probing)
    {
      fprintf (stderr, "mpipe-sandbox-exec: started by the library, with arguments it knows\n");
      return 2;
    }
  prctl (PR_SET_PDEATHSIG, SIGKILL);
  prctl (PR_SET_DUMPABLE, 0); /* nobody looks into this process, or changes it */
  worker = fork ();
  if (worker < 0)
    refuse ("start the worker in the sandbox", errno);
  if (worker == 0)
    execute (argv);
  close_range (STDERR_FILENO + 1, ~0U, 0); /* the channel ends with the worker */
  drop_capabilities ();
  refuse_calls ();
  return wait_for (worker);
}

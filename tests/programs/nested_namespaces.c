// Makes namespaces of its own, above all a user namespace.
// kind: probe
// allowed: OK
// never: it gets one
#define _GNU_SOURCE
#include "probe.h"

#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static void try_clone(unsigned long flags, const char* what) {
  const long pid = syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);
  if (pid == 0) _exit(0);
  if (pid < 0) return;
  escape(what);
  waitpid((pid_t)pid, NULL, 0);
}

int main(void) {
  struct clone_args arguments = {.flags = CLONE_NEWUSER, .exit_signal = SIGCHLD};
  const long pid = syscall(SYS_clone3, &arguments, sizeof arguments);
  if (pid == 0) _exit(0);
  must_fail(pid, "clone3 with a user namespace");
  try_clone(CLONE_NEWUSER, "clone with a user namespace");
  try_clone(CLONE_NEWUSER | CLONE_NEWNS, "clone with user and mount namespaces");
  try_clone(CLONE_NEWPID, "clone with a pid namespace");
  must_fail(unshare(CLONE_NEWNS), "unshare mount namespace");
  must_fail(unshare(CLONE_NEWNET), "unshare net namespace");
  must_fail(unshare(CLONE_NEWUSER), "unshare user namespace");
  return 0;
}

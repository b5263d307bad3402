// Becomes another user: by system calls, and by set-user-id programs.
// kind: probe
// allowed: OK
// never: it is anybody but the box's user
#define _GNU_SOURCE
#include "probe.h"

#include <sys/prctl.h>
#include <grp.h>
#include <sys/stat.h>
#include <sys/wait.h>

int main(void) {
  const gid_t root = 0;
  if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1) escape("set-user-id programs have their effect");
  must_fail(setuid(0), "setuid(0)");
  must_fail(setgid(0), "setgid(0)");
  must_fail(setresuid(0, 0, 0), "setresuid");
  must_fail(setgroups(1, &root), "setgroups");
  const pid_t child = fork();
  if (child == 0) {
    // su asks for a password unless root calls it: if it worked, it would say uid 0.
    execl("/usr/bin/mount", "mount", "-t", "tmpfs", "none", "/box", NULL);
    _exit(1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) escape("set-user-id mount");
  if (getuid() == 0 || geteuid() == 0) escape("uid 0");
  return 0;
}

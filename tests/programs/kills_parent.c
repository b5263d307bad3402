// Sends signals to its parent, to init and to the harness.
// kind: probe
// allowed: OK
// never: one of them hears it
#define _GNU_SOURCE
#include "probe.h"

#include <signal.h>
#include <sys/syscall.h>

int main(int argc, char** argv) {
  const pid_t harness = atoi(planted(argc, argv, "pid"));
  if (kill(harness, 0) == 0 || errno != ESRCH) escape("the harness is in sight");
  for (int number = 1; number < 65; ++number) kill(getppid(), number);
  for (int number = 1; number < 65; ++number) kill(1, number);
  syscall(SYS_tgkill, 1, 1, SIGKILL);
  const long pidfd = syscall(SYS_pidfd_open, harness, 0);
  if (pidfd >= 0) escape("a descriptor of the harness");
  return 0;
}

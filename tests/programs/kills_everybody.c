// Sends every signal to everybody that it can reach, init among them, and takes init's limits away.
// allowed: OK SG
// never: anybody outside hears it, or the verdict turns to XX
#define _GNU_SOURCE
#include "probe.h"

#include <signal.h>
#include <sys/resource.h>

int main(int argc, char** argv) {
  const pid_t harness = atoi(planted(argc, argv, "pid"));
  const struct rlimit none = {0, 0};
  if (harness > 1 && kill(harness, 0) == 0) escape("the harness takes signals");
  must_fail(prlimit(1, RLIMIT_CPU, &none, NULL), "the limits of init were changed");
  signal(SIGTERM, SIG_IGN);
  for (int number = 1; number < 65; ++number) {
    if (number == SIGKILL || number == SIGSTOP) continue;
    signal(number, SIG_IGN);
    kill(1, number);
    kill(getppid(), number);
  }
  kill(getppid(), SIGSTOP);
  kill(getppid(), SIGKILL);
  kill(1, SIGKILL);
  usleep(20000);
  kill(-1, SIGKILL);
  return 0;
}

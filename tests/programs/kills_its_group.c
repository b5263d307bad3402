// Sends SIGKILL to its whole process group.
// allowed: SG
// never: the signal is taken for a limit of ours
// expect: signal=9
#include "probe.h"

#include <signal.h>

int main(void) {
  fork();
  kill(0, SIGKILL);
  return 0;
}

// Sends itself SIGKILL: its own end, not a limit's.
// allowed: SG
// never: the signal is taken for a limit of ours
// expect: signal=9
#include "probe.h"

#include <signal.h>

int main(void) {
  kill(getpid(), SIGKILL);
  return 0;
}

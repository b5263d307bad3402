// Blocks and ignores every signal and waits.
// allowed: TLE_WALL
// never: cannot be ended
// limits: wall=300ms
#include "probe.h"

#include <signal.h>

int main(void) {
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_BLOCK, &all, NULL);
  for (int number = 1; number < 65; ++number) signal(number, SIG_IGN);
  for (;;) pause();
}

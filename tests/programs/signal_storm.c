// Children send each other signals as fast as they can.
// allowed: TLE_CPU TLE_WALL SG
// never: the keeper hears of it, or waits
// limits: cpu=300ms wall=2s
#include "probe.h"

#include <signal.h>

int main(void) {
  for (int i = 0; i < 4; ++i)
    if (fork() == 0) break;
  signal(SIGUSR1, SIG_IGN);
  for (;;) kill(0, SIGUSR1);
}

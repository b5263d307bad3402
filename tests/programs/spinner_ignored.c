// Children that compute a little and end, and whose end the program ignores: the kernel then adds
// their times to nobody's.
// allowed: TLE_CPU
// never: their time is forgotten where groups count
// allowed rlimit: TLE_WALL
// limits: cpu=200ms wall=2s
#include "probe.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>

int main(void) {
  signal(SIGCHLD, SIG_IGN);
  for (;;) {
    if (fork() == 0) {
      while (clock() < CLOCKS_PER_SEC / 200) {
      }
      _exit(0);
    }
    wait(NULL);  // until there is none left
  }
}

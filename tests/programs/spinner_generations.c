// Children that compute a little and end, one after the other: the dead count too.
// allowed: TLE_CPU
// never: the dead are forgotten
// limits: cpu=400ms wall=5s
#include "probe.h"

#include <sys/wait.h>
#include <time.h>

int main(void) {
  for (;;) {
    if (fork() == 0) {
      while (clock() < CLOCKS_PER_SEC / 50) {
      }
      _exit(0);
    }
    wait(NULL);
  }
}

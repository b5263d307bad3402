// Forks for ever, each child in a session of its own, parents ending at once.
// allowed: OK TLE_CPU TLE_WALL MLE RE SG
// never: it outlives its limits, or leaves a process
// limits: cpu=500ms wall=1s
#include "probe.h"

int main(void) {
  for (;;) {
    if (fork() == 0) setsid();
    if (fork() > 0 && getpid() > 50) _exit(0);
  }
}

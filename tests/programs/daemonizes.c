// Ends at once, leaving a daemon that wants to live on and holds stdout: the run ends all the same.
// allowed: OK
// never: the daemon survives, or the run waits for it
// limits: wall=2s
#include "probe.h"

int main(void) {
  if (fork() == 0) {
    setsid();
    if (fork() == 0)
      for (;;) {
        usleep(1000);
        write(1, "late\n", 5);
      }
    _exit(0);
  }
  return 0;
}

// Leaves a daemon that holds all three pipes open and never ends.
// allowed: OK
// never: the run waits for it
// expect: stdout_bytes=5
// limits: wall=400ms
#include "probe.h"

int main(void) {
  if (fork() == 0) {
    setsid();
    for (;;) pause();
  }
  write(1, "done\n", 5);
  return 0;
}

// Children stop themselves while the program waits for them.
// allowed: TLE_WALL
// never: a stopped process survives
// limits: wall=300ms
#include "probe.h"

#include <signal.h>
#include <sys/wait.h>

int main(void) {
  for (int i = 0; i < 4; ++i)
    if (fork() == 0)
      for (;;) raise(SIGSTOP);
  while (wait(NULL) > 0) {
  }
  return 0;
}

// Four children compute for ever while the program itself sleeps: their time counts together.
// allowed: TLE_CPU
// never: their time does not count together
// limits: cpu=400ms wall=5s
#include "probe.h"

#include <sys/wait.h>

int main(void) {
  for (int i = 0; i < 4; ++i)
    if (fork() == 0)
      for (volatile unsigned long j = 0;; ++j) {
      }
  while (wait(NULL) > 0) {
  }
  return 0;
}

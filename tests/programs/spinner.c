// Computes for ever, and will hear of no signal.
// allowed: TLE_CPU
// never: it runs longer than its limit
// limits: cpu=300ms
#include "probe.h"

#include <signal.h>

int main(void) {
  for (int number = 1; number < NSIG; ++number) signal(number, SIG_IGN);
  for (volatile unsigned long i = 0;; ++i) {
  }
}

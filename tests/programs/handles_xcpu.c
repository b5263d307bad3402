// Catches the kernel's signals about time and goes on.
// allowed: TLE_CPU
// never: runs longer than its limits
// limits: cpu=300ms wall=3s
#include "probe.h"

#include <signal.h>

static void go_on(int number) { (void)number; }

int main(void) {
  signal(SIGXCPU, go_on);
  signal(SIGALRM, go_on);
  signal(SIGVTALRM, go_on);
  signal(SIGPROF, go_on);
  for (;;) {
  }
}

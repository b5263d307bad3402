// Sets itself a timer of a microsecond.
// allowed: TLE_CPU
// never: runs longer than its limits
// limits: cpu=300ms wall=3s
#include "probe.h"

#include <signal.h>
#include <sys/time.h>

static volatile int counted;
static void count_it(int number) { counted += number; }

int main(void) {
  signal(SIGALRM, count_it);
  const struct itimerval often = {{0, 1}, {0, 1}};
  setitimer(ITIMER_REAL, &often, NULL);
  for (;;) {
  }
}

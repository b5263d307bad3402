// Asks how the clock is steered, which changes nothing.
// kind: probe
// allowed: OK
// never: the kernel answers
#define _GNU_SOURCE
#include "probe.h"

#include <sys/timex.h>
#include <time.h>

int main(void) {
  struct timex asked = {.modes = 0};
  must_fail(adjtimex(&asked), "adjtimex");
  must_fail(clock_adjtime(CLOCK_REALTIME, &asked), "clock_adjtime");
  return 0;
}

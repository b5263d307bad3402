// Sleeps for a moment, again and again.
// allowed: TLE_WALL TLE_CPU
// never: runs longer than its wall limit
// limits: cpu=1s wall=300ms
#define _GNU_SOURCE
#include "probe.h"

int main(void) {
  for (;;) usleep(1);
}

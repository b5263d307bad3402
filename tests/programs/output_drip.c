// Writes a byte now and then for ever.
// allowed: TLE_WALL
// never: runs longer than its wall limit, or loses what it has written
// limits: wall=300ms
#define _GNU_SOURCE
#include "probe.h"

int main(void) {
  for (;;) {
    write(1, ".", 1);
    usleep(5000);
  }
}

// Calls vfork for ever; each child lends its parent's memory and never gives it back.
// allowed: TLE_CPU TLE_WALL MLE RE SG OK
// never: outlives its limits, or keeps the slot from the next run
// limits: cpu=300ms wall=600ms
#define _GNU_SOURCE
#include "probe.h"

int main(void) {
  for (;;)
    if (vfork() < 0) return 1;
}

// Forks for ever.
// allowed: TLE_CPU TLE_WALL MLE RE SG
// never: it outlives its limits, or leaves a process
// limits: cpu=500ms wall=1s
#include "probe.h"

int main(void) {
  for (;;) fork();
}

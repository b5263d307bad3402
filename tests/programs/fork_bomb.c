// Forks for ever.
// allowed: TLE_CPU TLE_WALL MLE RE SG
// limits: cpu=500ms wall=1s
#include "probe.h"

int main(void) {
  for (;;) fork();
}

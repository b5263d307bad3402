// Makes itself unimportant and computes for ever.
// allowed: TLE_CPU
// never: runs longer than its limits
// limits: cpu=300ms wall=3s
#include "probe.h"

int main(void) {
  nice(19);
  for (;;) {
  }
}

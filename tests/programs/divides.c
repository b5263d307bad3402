// Divides by zero.
// allowed: SG
// never: the signal is taken for a limit of ours
// expect: signal=8
#include "probe.h"

int main(void) {
  volatile int zero = 0;
  return 7 / zero;
}

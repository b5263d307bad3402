// Executes what is no instruction.
// allowed: SG
// never: the signal is taken for a limit of ours
// expect: signal=4
#include "probe.h"

int main(void) {
  __builtin_trap();
}

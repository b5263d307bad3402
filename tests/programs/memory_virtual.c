// Reserves far more than the limit and touches nothing: allowed where memory is counted, refused
// where only the address space can be limited.
// allowed: OK
// allowed rlimit: RE
#include "probe.h"

int main(void) {
  char* volatile block = malloc(1UL << 30);
  return block ? 0 : 1;
}

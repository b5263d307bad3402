// Reserves far more than the limit and touches nothing: allowed where memory is counted, refused
// where only the address space can be limited.
// allowed: OK
// never: address space counts as memory where groups count
// allowed rlimit: RE
#include "probe.h"

int main(void) {
  char* volatile block = malloc(1UL << 30);
  return block ? 0 : 1;
}

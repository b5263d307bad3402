// Switches the randomisation of addresses off.
// kind: probe
// allowed: OK
// never: it may
#define _GNU_SOURCE
#include "probe.h"

#include <sys/personality.h>

int main(void) {
  if (personality(0xffffffff) < 0) return 1;
  must_fail(personality(ADDR_NO_RANDOMIZE), "no random addresses");
  return 0;
}

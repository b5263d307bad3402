// Locks memory, and asks for more of it.
// kind: probe
// allowed: OK
// never: the kernel cannot take it back
#define _GNU_SOURCE
#include "probe.h"

#include <sys/mman.h>

int main(void) {
  static char page[4096];
  must_fail(mlock(page, sizeof page), "mlock");
  must_fail(mlockall(MCL_CURRENT), "mlockall");
  return 0;
}

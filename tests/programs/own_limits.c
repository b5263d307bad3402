// Asks for its own limits by its number, which would reach others' as well.
// kind: probe
// allowed: OK
// never: the kernel looks at the number
#define _GNU_SOURCE
#include "probe.h"

#include <sys/resource.h>

int main(void) {
  struct rlimit old;
  must_fail(prlimit(getpid(), RLIMIT_NOFILE, NULL, &old), "prlimit by number");
  return prlimit(0, RLIMIT_NOFILE, NULL, &old) != 0;
}

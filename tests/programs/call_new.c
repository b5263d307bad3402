// Calls what newer kernels have and nobody has judged.
// kind: probe
// allowed: OK
// never: one of them is there
#define _GNU_SOURCE
#include "probe.h"

#include <sys/syscall.h>

int main(void) {
  for (long number = 451; number < 512; ++number)
    if (syscall(number, -1, -1, -1, -1, -1, -1) >= 0 || errno != ENOSYS)
      escape("a call beyond the list");
  if (syscall(SYS_clone3, NULL, 0) >= 0 || errno != ENOSYS) escape("clone3");
  return 0;
}

// Calls the kernel by the numbers of another architecture.
// kind: probe
// allowed: SG
// never: the call is done
// expect: signal=31
#define _GNU_SOURCE
#include "probe.h"

#include <sys/syscall.h>

int main(void) {
  syscall(0x40000000 + SYS_getpid);
  escape("the process goes on");
  return 0;
}

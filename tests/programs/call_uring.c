// Asks for rings and page fault handlers with arguments that are wrong.
// kind: probe
// allowed: OK
// never: the kernel looks at the arguments instead of refusing the call
#define _GNU_SOURCE
#include "probe.h"

#include <sys/syscall.h>

int main(void) {
  must_not_be_looked_at(syscall(SYS_io_uring_setup, 0, 0), "io_uring_setup");
  must_not_be_looked_at(syscall(SYS_io_uring_enter, -1, 0, 0, 0, 0, 0), "io_uring_enter");
  must_not_be_looked_at(syscall(SYS_io_uring_register, -1, 0, 0, 0), "io_uring_register");
  return 0;
}

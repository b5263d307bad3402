// Asks for other processes' memory with arguments that are wrong.
// kind: probe
// allowed: OK
// never: the kernel looks at the arguments instead of refusing the call
#define _GNU_SOURCE
#include "probe.h"

#include <sys/syscall.h>

int main(void) {
  must_not_be_looked_at(syscall(SYS_process_vm_readv, 0, 0, 0, 0, 0, 1), "process_vm_readv");
  must_not_be_looked_at(syscall(SYS_process_madvise, -1, 0, 0, 0, 0), "process_madvise");
  must_not_be_looked_at(syscall(SYS_kcmp, 0, 0, 99, 0, 0), "kcmp");
  must_not_be_looked_at(syscall(SYS_move_pages, 0, 1, 0, 0, 0, 0), "move_pages");
  must_not_be_looked_at(syscall(SYS_pidfd_getfd, -1, 0, 9), "pidfd_getfd");
  return 0;
}

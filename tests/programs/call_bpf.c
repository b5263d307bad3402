// Asks for programs in the kernel with arguments that are wrong.
// kind: probe
// allowed: OK
// never: the kernel looks at the arguments instead of refusing the call
#define _GNU_SOURCE
#include "probe.h"

#include <sys/syscall.h>

int main(void) {
  must_not_be_looked_at(syscall(SYS_bpf, 9999, 0, 0), "bpf");
  must_not_be_looked_at(syscall(SYS_perf_event_open, 0, 0, -1, -1, 0), "perf_event_open");
  must_not_be_looked_at(syscall(SYS_userfaultfd, 0x7fffffff), "userfaultfd");
  return 0;
}

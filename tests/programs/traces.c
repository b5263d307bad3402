// Looks into other processes: ptrace, process_vm_readv, pidfd_getfd, kcmp.
// kind: probe
// allowed: OK
// never: it looks into one
#define _GNU_SOURCE
#include "probe.h"

#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>

int main(void) {
  char byte = 0;
  struct iovec here = {&byte, 1}, there = {&byte, 1};
  must_fail(ptrace(PTRACE_ATTACH, getppid(), 0, 0), "ptrace attach to the parent");
  must_fail(ptrace(PTRACE_SEIZE, 1, 0, 0), "ptrace seize init");
  must_fail(ptrace(PTRACE_TRACEME, 0, 0, 0), "ptrace");
  must_fail(process_vm_readv(getppid(), &here, 1, &there, 1, 0), "the parent's memory");
  const long pidfd = syscall(SYS_pidfd_open, getppid(), 0);
  must_fail(syscall(SYS_pidfd_getfd, pidfd, 0, 0), "the parent's descriptors");
  must_fail(syscall(SYS_kcmp, getpid(), getppid(), 1, 0, 0), "kcmp");
  return 0;
}

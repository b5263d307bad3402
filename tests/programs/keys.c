// Uses the kernel's key rings, which know no namespaces of ours.
// kind: probe
// allowed: OK
// never: a key is made or read
#include "probe.h"

#include <sys/syscall.h>

int main(void) {
  must_fail(syscall(SYS_add_key, "user", "daemonz", "x", 1, -4), "add_key");
  must_fail(syscall(SYS_keyctl, 0, -3, 1), "keyctl");
  must_fail(syscall(SYS_request_key, "user", "daemonz", NULL, -4), "request_key");
  return 0;
}

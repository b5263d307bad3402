// Asks for key rings with arguments that are wrong.
// kind: probe
// allowed: OK
// never: the kernel looks at the arguments instead of refusing the call
#define _GNU_SOURCE
#include "probe.h"

#include <sys/syscall.h>

int main(void) {
  must_not_be_looked_at(syscall(SYS_keyctl, 9999, 0, 0, 0, 0), "keyctl");
  must_not_be_looked_at(syscall(SYS_add_key, 0, 0, 0, 0, 0), "add_key");
  must_not_be_looked_at(syscall(SYS_request_key, 0, 0, 0, 0), "request_key");
  return 0;
}

// Asks for files by handles with arguments that are wrong.
// kind: probe
// allowed: OK
// never: the kernel looks at the arguments instead of refusing the call
#define _GNU_SOURCE
#include "probe.h"

#include <sys/syscall.h>

int main(void) {
  must_not_be_looked_at(syscall(SYS_name_to_handle_at, -1, 0, 0, 0, 0), "name_to_handle_at");
  must_not_be_looked_at(syscall(SYS_vmsplice, -1, 0, 0, 0), "vmsplice");
  must_not_be_looked_at(syscall(SYS_fanotify_mark, -1, 0, 0, -1, 0), "lookup_dcookie");
  return 0;
}

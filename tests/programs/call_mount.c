// Asks for mounts of the new kind with arguments that are wrong.
// kind: probe
// allowed: OK
// never: the kernel looks at the arguments instead of refusing the call
#define _GNU_SOURCE
#include "probe.h"

#include <sys/syscall.h>

int main(void) {
  must_not_be_looked_at(syscall(SYS_fsopen, 0, -1), "fsopen");
  must_not_be_looked_at(syscall(SYS_open_tree, -1, 0, -1), "open_tree");
  must_not_be_looked_at(syscall(SYS_move_mount, -1, 0, -1, 0, -1), "move_mount");
  must_not_be_looked_at(syscall(SYS_mount_setattr, -1, 0, -1, 0, 0), "mount_setattr");
  must_not_be_looked_at(syscall(SYS_fspick, -1, 0, -1), "fspick");
  return 0;
}

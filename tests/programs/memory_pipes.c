// Keeps memory in full pipes, where no process maps it and no file shows it.
// allowed: MLE
// never: memory that no process maps goes uncounted where groups count
// allowed rlimit: OK
// limits: memory=8M wall=3s
#define _GNU_SOURCE
#include "probe.h"

#include <fcntl.h>

int main(void) {
  static char block[65536];
  memset(block, 'x', sizeof block);
  int ends[2];
  while (pipe2(ends, O_NONBLOCK) == 0) {
    fcntl(ends[1], F_SETPIPE_SZ, 1 << 20);
    while (write(ends[1], block, sizeof block) > 0) {
    }
  }
  return 0;  // out of descriptors, with some 28 MiB in pipes
}

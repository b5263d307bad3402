// Keeps memory in full socket buffers.
// allowed: MLE
// never: socket buffers go uncounted where groups count
// allowed rlimit: OK
// limits: memory=4M wall=3s
#define _GNU_SOURCE
#include "probe.h"

#include <sys/socket.h>

int main(void) {
  static char block[16384];
  memset(block, 'x', sizeof block);
  int ends[2];
  while (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0)
    for (int i = 0; i < 2; ++i)
      while (write(ends[i], block, sizeof block) > 0) {
      }
  return 0;
}

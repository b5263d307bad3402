// A child writes for ever while the program sleeps.
// allowed: OLE
// never: takes the disk, or runs on
// expect: stdout_bytes=65536
// limits: stdout=64K
#include "probe.h"

int main(void) {
  static char block[4096];
  while (fork() == 0)
    for (;;) write(1, block, sizeof block);
  for (;;) pause();
}

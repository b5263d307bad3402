// Writes to both outputs for ever.
// allowed: OLE
// never: takes the disk, or runs on
// expect: stdout_bytes=262144 stdout_cut=1
// limits: stdout=256K stderr=1M
#include "probe.h"

int main(void) {
  static char block[4096];
  for (;;) {
    write(1, block, sizeof block);
    write(2, block, sizeof block);
  }
}

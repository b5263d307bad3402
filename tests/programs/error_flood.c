// Writes to stderr for ever, one byte at a time.
// allowed: OLE
// never: it takes the disk, or runs on
// limits: stderr=64K
#include "probe.h"

int main(void) {
  for (;;) write(2, "x", 1);
}

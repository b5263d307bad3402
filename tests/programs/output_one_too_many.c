// Writes one byte more than it may.
// allowed: OLE
// never: is called right, or keeps more than the cap
// expect: stdout_bytes=65536 stdout_cut=1 killed_by=stdout
// limits: stdout=64K
#include "probe.h"

int main(void) {
  for (int i = 0; i < 65537; ++i) putchar('x');
  return 0;
}

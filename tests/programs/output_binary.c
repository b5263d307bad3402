// Writes all 256 bytes, NUL among them.
// allowed: OK
// never: a byte is taken for an end
// expect: stdout_bytes=65536 stdout_cut=0
#include "probe.h"

int main(void) {
  for (int i = 0; i < 65536; ++i) putchar(i & 255);
  return 0;
}

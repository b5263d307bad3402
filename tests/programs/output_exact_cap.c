// Writes exactly as much as it may.
// allowed: OK
// never: is called too much, or loses a byte
// expect: stdout_bytes=65536 stdout_cut=0
// limits: stdout=64K
#include "probe.h"

static void print(int size) {
  while (size-- > 0) putchar('x');
}

int main(void) {
  print(65536);
  return 0;
}

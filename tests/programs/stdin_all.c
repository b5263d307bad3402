// Reads 64 MiB and says how many bytes came.
// allowed: OK
// never: a byte is lost
// stdin: 64M
// limits: wall=3s
#include "probe.h"

int main(void) {
  static char block[65536];
  long sum = 0;
  for (ssize_t size = 0; (size = read(0, block, sizeof block)) > 0;) sum += size;
  return sum == 64L << 20 ? 0 : 1;
}

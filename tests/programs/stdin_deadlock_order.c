// Writes much before it reads much, in turns.
// allowed: OK
// never: both sides wait for each other
// stdin: 1M
// expect: stdout_bytes=1048576
// limits: stdout=2M
#include "probe.h"

int main(void) {
  static char block[262144];
  for (int i = 0; i < 4; ++i) {
    for (size_t done = 0; done < sizeof block; done += 4096) write(1, block, 4096);
    for (size_t done = 0; done < sizeof block;) {
      const ssize_t size = read(0, block, sizeof block - done);
      if (size <= 0) return 1;
      done += (size_t)size;
    }
  }
  return 0;
}

// Closes its output and goes on writing.
// allowed: OK
// never: hangs, or is killed
// expect: stdout_bytes=0
#include "probe.h"

int main(void) {
  close(1);
  close(2);
  for (int i = 0; i < 1000; ++i)
    if (write(1, "x", 1) >= 0) return 1;
  return 0;
}

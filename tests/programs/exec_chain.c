// Executes itself for ever, computing a little each time.
// allowed: TLE_CPU
// never: its earlier lives' time is forgotten
// limits: cpu=300ms wall=3s
#include "probe.h"

int main(int argc, char** argv) {
  (void)argc;
  for (volatile int i = 0; i < 1000000; ++i) {
  }
  execl("/proc/self/exe", argv[0], NULL);
  return 1;
}

// Forks and executes itself for ever.
// allowed: TLE_CPU TLE_WALL MLE RE SG OK
// never: outlives its limits, or leaves a process
// limits: cpu=300ms wall=600ms
#include "probe.h"

int main(int argc, char** argv) {
  (void)argc;
  for (;;) {
    if (fork() < 0) return 1;
    execl("/proc/self/exe", argv[0], NULL);
  }
}

// Four children together take more than the limit for a few milliseconds, again and again: nobody
// who only looks now and then can be sure to see it.
// allowed: MLE
// never: a short excess goes unseen where groups count
// allowed rlimit: MLE OK
// limits: memory=64M cpu=4s wall=5s
#define _GNU_SOURCE
#include "probe.h"

#include <sys/mman.h>
#include <sys/wait.h>

int main(void) {
  for (int i = 0; i < 4; ++i) {
    if (fork() != 0) continue;
    for (int round = 0; round < 10; ++round) {
      const size_t size = 40 << 20;
      char* const block =
          mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      if (block == MAP_FAILED) _exit(1);
      memset(block, 1, size);
      munmap(block, size);
    }
    _exit(0);
  }
  while (wait(NULL) > 0) {
  }
  return 0;
}

// Eight children, each below the limit, together far above it.
// allowed: MLE
// never: they take more than the run's memory in all
// limits: wall=3s
#include "probe.h"

#include <sys/wait.h>

int main(void) {
  for (int i = 0; i < 8; ++i) {
    if (fork() != 0) continue;
    const size_t size = 24 << 20;
    volatile char* block = malloc(size);
    for (size_t at = 0; at < size; at += 1024) block[at] = 1;
    for (;;) pause();
  }
  while (wait(NULL) > 0) {
  }
  for (;;) pause();
}

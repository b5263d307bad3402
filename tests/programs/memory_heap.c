// Moves the end of its heap for ever, and touches it.
// allowed: MLE
// never: takes more than its memory
// allowed rlimit: MLE RE
// limits: memory=32M wall=3s
#define _GNU_SOURCE
#include "probe.h"

int main(void) {
  for (;;) {
    char* block = sbrk(1 << 20);
    if (block == (void*)-1) return 1;
    memset(block, 1, 1 << 20);
  }
}

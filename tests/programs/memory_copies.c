// Writes to memory that it shares with four children, which write to it too: a copy each.
// allowed: MLE
// never: takes more than its memory in all
// limits: memory=64M wall=3s
#include "probe.h"

static void touch(volatile char* block, char value) {
  for (size_t at = 0; at < 24 << 20; at += 1024) block[at] = value;
}

int main(void) {
  volatile char* block = malloc(24 << 20);
  touch(block, 1);
  for (int i = 0; i < 4; ++i)
    if (fork() == 0) {
      touch(block, 2);
      for (;;) pause();
    }
  for (;;) pause();
}

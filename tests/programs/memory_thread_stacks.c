// Threads that use their stacks, together more than the limit.
// allowed: MLE
// never: takes more than its memory in all
// allowed rlimit: MLE RE TLE_WALL SG
// limits: memory=32M wall=3s
#include "probe.h"

#include <pthread.h>

static void* use(void* unused) {
  volatile char block[6 << 20];
  for (size_t at = 0; at < sizeof block; at += 1024) block[at] = 1;
  for (;;) pause();
  return unused;
}

int main(void) {
  pthread_t thread;
  for (int i = 0; i < 12; ++i) pthread_create(&thread, NULL, use, NULL);
  for (;;) pause();
}

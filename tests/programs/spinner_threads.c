// Four threads compute for ever.
// allowed: TLE_CPU
// never: their time does not count together
// limits: cpu=300ms wall=3s
#include "probe.h"

#include <pthread.h>

static void* compute(void* unused) {
  for (;;) {
  }
  return unused;
}

int main(void) {
  pthread_t thread;
  for (int i = 0; i < 4; ++i) pthread_create(&thread, NULL, compute, NULL);
  for (;;) pause();
}

// Starts threads for ever.
// allowed: TLE_CPU TLE_WALL MLE RE SG
// never: it outlives its limits, or leaves a process
// limits: cpu=500ms wall=1s
#include "probe.h"

#include <pthread.h>

static void* sleep_for_ever(void* none) {
  for (;;) pause();
  return none;
}

int main(void) {
  for (pthread_t thread;;) pthread_create(&thread, NULL, sleep_for_ever, NULL);
}

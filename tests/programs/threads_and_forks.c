// Threads that fork and children that start threads.
// allowed: TLE_CPU TLE_WALL MLE RE SG OK
// never: outlives its limits, or leaves a process
// limits: cpu=300ms wall=600ms
#include "probe.h"

#include <pthread.h>

static void* bomb(void* unused) {
  pthread_t thread;
  for (;;) {
    if (fork() < 0 && pthread_create(&thread, NULL, bomb, NULL) != 0) return unused;
    pthread_create(&thread, NULL, bomb, NULL);
  }
}

int main(void) {
  bomb(NULL);
  return 0;
}

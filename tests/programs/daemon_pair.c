// Two daemons that start each other anew whenever one has ended, and a program that ends.
// allowed: OK TLE_CPU
// never: one of them survives
// limits: cpu=1s wall=2s
#define _GNU_SOURCE
#include "probe.h"

#include <sys/wait.h>

int main(void) {
  for (int i = 0; i < 2; ++i)
    if (fork() == 0) {
      setsid();
      for (;;) {
        const pid_t other = fork();
        if (other == 0) continue;
        if (other < 0) usleep(1000);
        else waitpid(other, NULL, 0);
      }
    }
  usleep(20000);
  return 0;
}

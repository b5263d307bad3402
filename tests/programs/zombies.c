// Leaves more orphans than the process limit allows at a time: init reaps them, so all can start.
// allowed: OK
// never: the process limit is used up by the dead
#include "probe.h"

#include <sys/wait.h>

int main(void) {
  for (int i = 0; i < 100; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      if (fork() == 0) _exit(0);
      _exit(0);
    }
    if (child < 0) return 1;
    waitpid(child, NULL, 0);
    usleep(200);
  }
  return 0;
}

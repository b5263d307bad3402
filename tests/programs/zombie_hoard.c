// Keeps every child as a zombie until it may have no more.
// kind: probe
// allowed: OK
// never: has more processes than its limit
#include "probe.h"

#include <sys/wait.h>

int main(void) {
  int count = 0;
  for (pid_t child = 0; count < 1000 && (child = fork()) >= 0; ++count)
    if (child == 0) _exit(0);
  if (count > 64) escape("more than 64 zombies");
  return 0;
}

// Starts processes until it may not.
// kind: probe
// allowed: SG
// never: it has more than its limit
#include "probe.h"

#include <signal.h>

int main(void) {
  int count = 1;
  for (pid_t child = 0; count < 200 && (child = fork()) >= 0; ++count)
    if (child == 0)
      for (;;) pause();
  if (count > 16) escape("more than 16 processes");
  kill(0, SIGKILL);
  return 0;
}

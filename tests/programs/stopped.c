// Stops itself.
// allowed: TLE_WALL
// limits: wall=500ms
#include "probe.h"

#include <signal.h>

int main(void) {
  raise(SIGSTOP);
  return 0;
}

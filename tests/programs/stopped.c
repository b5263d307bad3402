// Stops itself.
// allowed: TLE_WALL
// never: it stays
// limits: wall=500ms
#include "probe.h"

#include <signal.h>

int main(void) {
  raise(SIGSTOP);
  return 0;
}

// Sleeps for ever.
// allowed: TLE_WALL
// never: it sleeps longer than its wall limit
// limits: wall=500ms
#include "probe.h"

int main(void) {
  for (;;) pause();
}

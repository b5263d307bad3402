// Sleeps for ever.
// allowed: TLE_WALL
// limits: wall=500ms
#include "probe.h"

int main(void) {
  for (;;) pause();
}

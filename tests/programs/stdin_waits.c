// Waits for input that never comes.
// allowed: TLE_WALL
// never: waits longer than its wall limit
// stdin: open
// limits: wall=300ms
#include "probe.h"

int main(void) {
  char byte;
  return read(0, &byte, 1) == 1;
}

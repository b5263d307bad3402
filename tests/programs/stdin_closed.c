// Closes its input at once and goes on for a while.
// allowed: OK
// never: the keeper stumbles over it
// stdin: 64M
#define _GNU_SOURCE
#include "probe.h"

int main(void) {
  close(0);
  usleep(30000);
  return 0;
}

// Does not read the 64 MiB that it is given.
// allowed: OK
// never: the run waits for it
// stdin: 64M
#include "probe.h"

int main(void) {
  return 0;
}

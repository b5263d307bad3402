// Opens files until it may not.
// kind: probe
// allowed: OK
// never: it has more than its limit
#include "probe.h"

int main(void) {
  int count = 3;
  while (count < 4096 && dup(0) >= 0) ++count;
  if (count > 64) escape("more than 64 descriptors");
  return 0;
}

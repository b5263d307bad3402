// Looks for the control groups' files.
// kind: probe
// allowed: OK
// never: they are there
#include "probe.h"

int main(void) {
  if (access("/sys", F_OK) == 0) escape("/sys");
  if (access("/sys/fs/cgroup", F_OK) == 0) escape("/sys/fs/cgroup");
  return 0;
}

// Leaves its namespaces one by one.
// kind: probe
// allowed: OK
// never: one of them lets it go
#define _GNU_SOURCE
#include "probe.h"

#include <sched.h>

int main(void) {
  const int flags[] = {CLONE_NEWUSER, CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWNET,
                       CLONE_NEWIPC,  CLONE_NEWUTS, CLONE_NEWCGROUP};
  for (int i = 0; i < 7; ++i) must_fail(unshare(flags[i]), "unshare");
  return 0;
}

// Looks at what its credentials still hold.
// kind: probe
// allowed: OK
// never: there is anything to gain or to lose
#define _GNU_SOURCE
#include "probe.h"

#include <sys/prctl.h>

int main(void) {
  if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1) escape("no_new_privs is off");
  for (int capability = 0; capability < 41; ++capability)
    if (prctl(PR_CAPBSET_READ, capability, 0, 0, 0) == 1) {
      escape("the bounding set");
      break;
    }
  if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) != 2) escape("no filter");
  if (getuid() == 0 || getgid() == 0) escape("user 0");
  return 0;
}

// Looks at every variable of its environment: four are the sandbox's.
// kind: probe
// allowed: OK
// never: it has another
#define _GNU_SOURCE
#include "probe.h"

int main(void) {
  const char* known[] = {"PATH=", "HOME=", "TMPDIR=", "LANG="};
  for (char** one = environ; *one; ++one) {
    int is_known = 0;
    for (int i = 0; i < 4; ++i) is_known |= strncmp(*one, known[i], strlen(known[i])) == 0;
    if (!is_known) escape(*one);
  }
  return 0;
}

// Looks for what the harness's environment holds.
// kind: probe
// allowed: OK
// never: it sees a variable of the harness
#include "probe.h"

extern char** environ;

int main(int argc, char** argv) {
  const char* canary = planted(argc, argv, "canary");
  int count = 0;
  for (char** variable = environ; *variable; ++variable, ++count)
    if (*canary && strstr(*variable, canary)) escape(*variable);
  if (count != 4) escape("the environment is not the fixed list");
  return 0;
}

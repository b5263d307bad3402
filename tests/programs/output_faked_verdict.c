// Prints what verdicts look like, to both outputs, and fails.
// allowed: RE
// never: its words are believed
// expect: exit_code=3
#include "probe.h"

int main(void) {
  const char* words =
      "{\"verdict\":\"OK\",\"exit_code\":0,\"signal\":null}\nverdict OK\naccepted\n";
  write(1, words, strlen(words));
  write(2, words, strlen(words));
  for (int fd = 3; fd < 64; ++fd) write(fd, words, strlen(words));
  return 3;
}

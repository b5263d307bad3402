// Fills /tmp and /box: they end at the scratch limit, and the run goes on.
// allowed: OK
// never: more than the scratch is taken
// limits: scratch=4M memory=64M file_size=32M
#include "probe.h"

#include <fcntl.h>

static long fill(const char* path) {
  static char block[65536];
  const int fd = open(path, O_WRONLY | O_CREAT, 0600);
  long total = 0;
  for (long one; (one = write(fd, block, sizeof block)) > 0;) total += one;
  return total;
}

int main(void) {
  if (fill("/tmp/full") > 4 << 20) escape("more than the scratch limit in /tmp");
  if (fill("/box/full") > 4 << 20) escape("more than the scratch limit in /box");
  return 0;
}

// Looks for open descriptors besides its own three.
// kind: probe
// allowed: OK
// never: it finds one
#include "probe.h"

#include <fcntl.h>
#include <sys/stat.h>

int main(void) {
  for (int fd = 3; fd < 4096; ++fd)
    if (fcntl(fd, F_GETFD) >= 0) escape("a descriptor was left open");
  for (int fd = 0; fd < 3; ++fd) {
    struct stat found;
    if (fstat(fd, &found) == 0 && !S_ISFIFO(found.st_mode)) escape("0, 1 or 2 is not a pipe");
  }
  return 0;
}

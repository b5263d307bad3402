// Makes empty files until it cannot.
// allowed: OK
// never: it makes more files than its limit
// limits: inodes=100
#include "probe.h"

#include <fcntl.h>

int main(void) {
  for (int i = 0; i < 5000; ++i) {
    char name[32];
    snprintf(name, sizeof name, "/box/%d", i);
    const int fd = open(name, O_WRONLY | O_CREAT, 0600);
    if (fd < 0) return i > 100 ? (escape("more files than the limit"), 1) : 0;
    close(fd);
  }
  escape("no limit on files");
  return 0;
}

// Fills /tmp with files that have no name any more.
// allowed: OK
// never: it takes more than its scratch
// limits: scratch=4M file_size=64M memory=64M
#include "probe.h"

#include <fcntl.h>

int main(void) {
  static char block[65536];
  long sum = 0;
  for (int i = 0; i < 32; ++i) {
    const int fd = open("/tmp/gone", O_WRONLY | O_CREAT | O_EXCL, 0600);
    if (fd < 0) break;
    unlink("/tmp/gone");
    for (ssize_t size = 0; (size = write(fd, block, sizeof block)) > 0 && sum < 1L << 30;)
      sum += size;
  }
  if (sum > 4L << 20) escape("more than the scratch");
  return 0;
}

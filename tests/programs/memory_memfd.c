// Fills a file without a name.
// allowed: MLE
// never: keeps memory that nobody counts
// allowed rlimit: RE
// limits: memory=32M file_size=512M wall=3s
#define _GNU_SOURCE
#include "probe.h"

#include <sys/mman.h>

int main(void) {
  static char block[1 << 20];
  const int fd = memfd_create("hoard", 0);
  if (fd < 0) return 1;
  memset(block, 1, sizeof block);
  for (int i = 0; i < 256; ++i)
    if (write(fd, block, sizeof block) < 0) return 1;
  return 0;
}

// Writes a file beyond the file size limit: the kernel's signal 25.
// allowed: OLE
// never: the file grows beyond the limit
// limits: file_size=1M
#include "probe.h"

#include <fcntl.h>

int main(void) {
  static char block[65536];
  const int fd = open("/box/large", O_WRONLY | O_CREAT, 0600);
  for (int i = 0; i < 64; ++i) write(fd, block, sizeof block);
  return 0;
}

// Makes a file of a terabyte with nothing in it.
// allowed: OLE
// never: it gets it
// expect: signal=25 killed_by=file_size
#include "probe.h"

#include <fcntl.h>

int main(void) {
  const int fd = open("/tmp/sparse", O_WRONLY | O_CREAT, 0600);
  ftruncate(fd, 1L << 40);
  escape("a file of a terabyte");
  return 0;
}

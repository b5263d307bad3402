// Maps a file of /tmp and writes to all of it, beyond the room that there is.
// allowed: SG
// never: fills more than its scratch
// limits: scratch=4M memory=64M
#include "probe.h"

#include <fcntl.h>
#include <sys/mman.h>

int main(void) {
  const int fd = open("/tmp/mapped", O_RDWR | O_CREAT, 0600);
  if (ftruncate(fd, 6 << 20) != 0) return 1;
  char* block = mmap(NULL, 6 << 20, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  memset(block, 1, 6 << 20);
  escape("more than the scratch");
  return 0;
}

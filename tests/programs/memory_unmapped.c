// Keeps memory where no process maps it: in segments that are detached, in files without a name.
// allowed: MLE
// never: such memory goes uncounted where groups count
// allowed rlimit: OK
// limits: memory=64M wall=3s
#define _GNU_SOURCE
#include "probe.h"

#include <sys/mman.h>
#include <sys/shm.h>

static const long piece = 4 << 20;

static int keep_segment(void) {
  const int id = shmget(IPC_PRIVATE, piece, IPC_CREAT | 0600);
  if (id < 0) return 0;
  volatile char* segment = shmat(id, NULL, 0);
  if (segment == (void*)-1) return 0;
  for (long at = 0; at < piece; at += 4096) segment[at] = 1;
  return shmdt((void*)segment) == 0;
}

static int keep_file(void) {
  static char block[65536];
  const int fd = memfd_create("kept", 0);
  long total = 0;
  for (long one; total < piece && (one = write(fd, block, sizeof block)) > 0;) total += one;
  return total == piece;
}

int main(void) {
  int pieces = 0;
  while (pieces < 40 && (keep_segment() || keep_file())) ++pieces;
  if (pieces * piece > 128 << 20) escape("kept twice the memory limit");
  return 0;
}

// Executes a file without a name: a copy of itself.
// allowed: RE
// never: it is less confined than before
// expect: exit_code=9
#define _GNU_SOURCE
#include "probe.h"

#include <fcntl.h>
#include <sys/mman.h>

int main(int argc, char** argv) {
  if (argc > 1 && strcmp(argv[1], "again") == 0) return 9;
  static char block[65536];
  const int from = open("/proc/self/exe", O_RDONLY), to = memfd_create("copy", 0);
  if (to < 0) return 9;
  for (ssize_t size = 0; (size = read(from, block, sizeof block)) > 0;)
    write(to, block, (size_t)size);
  char* arguments[] = {argv[0], "again", NULL};
  fexecve(to, arguments, environ);
  return 1;
}

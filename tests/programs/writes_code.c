// Writes machine code and runs it, as compilers at run time do.
// allowed: RE
// never: that is refused
// expect: exit_code=7
#define _GNU_SOURCE
#include "probe.h"

#include <sys/mman.h>

int main(void) {
  const int all = PROT_READ | PROT_WRITE | PROT_EXEC;
  char* code = mmap(NULL, 4096, all, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (code == MAP_FAILED) return 1;
  memcpy(code, "\xb8\x07\x00\x00\x00\xc3", 6);
  return ((int (*)(void))(void*)code)();
}

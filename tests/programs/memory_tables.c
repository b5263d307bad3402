// Touches a page here and there over a wide space: the page tables grow, more than the pages.
// allowed: MLE
// never: page tables go uncounted where groups count
// allowed rlimit: RE
// limits: memory=32M wall=3s
#define _GNU_SOURCE
#include "probe.h"

#include <sys/mman.h>

int main(void) {
  const size_t size = 64UL << 30, step = 2UL << 20;
  char* const space =
      mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (space == MAP_FAILED) return 1;
  // Reading maps the one page of zeros: all that is new is tables.
  for (size_t at = 0; at < size; at += step) ((volatile char*)space)[at];
  return 0;
}

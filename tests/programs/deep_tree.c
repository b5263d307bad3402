// Makes folders in folders, as deep as it may.
// allowed: OK
// never: it takes more files than its limit, or its end takes time
// limits: wall=3s
#include "probe.h"

#include <sys/stat.h>

int main(void) {
  int depth = 0;
  while (depth < 100000 && mkdir("d", 0755) == 0 && chdir("d") == 0) ++depth;
  if (depth > 1024) escape("more than 1024 folders");
  return 0;
}

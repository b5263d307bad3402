// Puts a FIFO where a file is to be collected.
// allowed: OK
// never: the keeper waits at it
// collect: result
#include "probe.h"

#include <sys/stat.h>

int main(void) {
  return mkfifo("/box/result", 0644) != 0;
}

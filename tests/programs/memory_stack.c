// Recurs without end: the stack grows until a limit.
// allowed: SG MLE
// never: takes more than its memory
// limits: memory=32M wall=3s
#include "probe.h"

static long deeper(long level) {
  volatile char frame[4096];
  for (size_t at = 0; at < sizeof frame; ++at) frame[at] = 1;
  return level < 0 ? 0 : deeper(level + 1) + frame[level & 4095];
}

int main(void) {
  return (int)deeper(1);
}

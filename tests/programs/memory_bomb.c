// Takes and touches memory for ever.
// allowed: MLE
// never: it takes more than its memory
#include "probe.h"

int main(void) {
  for (;;) {
    char* block = malloc(1 << 20);
    if (!block) abort();
    memset(block, 1, 1 << 20);
  }
}

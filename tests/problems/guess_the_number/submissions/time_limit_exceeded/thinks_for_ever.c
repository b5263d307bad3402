#include <stdio.h>

int main(void) {
  printf("500\n");
  fflush(stdout);
  for (volatile unsigned i = 0;; ++i) {
  }
}

#include <stdio.h>

int main(void) {
  int low = 1, high = 1000;
  char answer[16] = "";
  while (answer[0] != 'c') {
    int guess = (low + high) / 2;
    printf("%d\n", guess);
    fflush(stdout);
    if (scanf("%15s", answer) != 1) return 1;
    if (answer[0] == 'h') low = guess + 1;
    if (answer[0] == 'l') high = guess - 1;
  }
  return 0;
}

#include <stdio.h>
int main(void) {
  int n;
  double h, sum = 0, low = 1e9, high = -1e9;
  scanf("%d", &n);
  for (int i = 0; i < n; ++i) {
    scanf("%lf", &h);
    sum += h;
    if (h < low) low = h;
    if (h > high) high = h;
  }
  char text[40];
  snprintf(text, sizeof text, sum / n == (long)(sum / n) ? "%.1f" : "%.6f", sum / n);
  printf("%s %s", text, high - low > 3 ? "Spring" : "Neap");
}

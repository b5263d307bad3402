#include <math.h>
#include <stdio.h>

struct anchor {
    double x, w;
}

double cost(struct anchor *a, int n, double p, double h)
{
    double s = 0;
    for (int i = 0; i < n; i++)
        s += a[i].w * hypot(a[i].x - p, h)
    return s;
}

int main(void)
{
    struct anchor a[300];
    int n, q;
    scanf("%d %d", &n, &q);
    for (int i = 0; i < n; i++)
        scanf("%lf %lf", &a[i].x, &a[i].w);
    while (q--) {
        double h;
        scanf("%lf", &h);
        printf("%f\n", cost(a, n, 0, h));
    }
}

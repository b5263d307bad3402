/* Ternary search; the number is written the way it is written here. */
#include <math.h>
#include <stdio.h>
#include <string.h>

static double x[305], w[305];
static int n;

static double cost(double p, double h)
{
    double s = 0;
    for (int i = 0; i < n; i++)
        s += w[i] * sqrt((x[i] - p) * (x[i] - p) + h * h);
    return s;
}

static void print_number(double v)
{
    char buf[64];
    snprintf(buf, sizeof buf, "%.6f", v);
    char *dot = strchr(buf, '.');
    if (dot != NULL)
        *dot = ',';
    puts(buf);
}

int main(void)
{
    int q;
    scanf("%d %d", &n, &q);
    for (int i = 0; i < n; i++)
        scanf("%lf %lf", &x[i], &w[i]);
    for (int k = 0; k < q; k++) {
        double h, lo = -1000000, hi = 1000000;
        scanf("%lf", &h);
        for (int it = 0; it < 130; it++) {
            double a = lo + (hi - lo) / 3, b = hi - (hi - lo) / 3;
            if (cost(a, h) < cost(b, h))
                hi = b;
            else
                lo = a;
        }
        print_number(cost(lo, h));
    }
    return 0;
}

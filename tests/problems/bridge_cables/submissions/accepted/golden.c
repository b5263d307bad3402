/* Golden section search. Prints in scientific notation, because with
   "%f" I always wonder how many digits are enough. */
#include <math.h>
#include <stdio.h>

#define MAXN 300

static double x[MAXN], w[MAXN];
static int n;

static double f(double p, double h)
{
    double s = 0.0;
    int i;
    for (i = 0; i < n; i++)
        s += w[i] * hypot(x[i] - p, h);
    return s;
}

static double search(double a, double b, double h)
{
    const double g = (sqrt(5.0) - 1) / 2;
    double c = b - g * (b - a), d = a + g * (b - a);
    double fc = f(c, h), fd = f(d, h);
    int k;
    for (k = 0; k < 90; k++) {
        if (fc < fd) {
            b = d;
            d = c;
            fd = fc;
            c = b - g * (b - a);
            fc = f(c, h);
        } else {
            a = c;
            c = d;
            fc = fd;
            d = a + g * (b - a);
            fd = f(d, h);
        }
    }
    return fc < fd ? fc : fd;
}

int main(void)
{
    int q, i;
    if (scanf("%d%d", &n, &q) != 2)
        return 1;
    double lo = 0, hi = 0;
    for (i = 0; i < n; i++) {
        if (scanf("%lf%lf", &x[i], &w[i]) != 2)
            return 1;
        if (i == 0 || x[i] < lo)
            lo = x[i];
        if (i == 0 || x[i] > hi)
            hi = x[i];
    }
    for (i = 0; i < q; i++) {
        double h;
        if (scanf("%lf", &h) != 1)
            return 1;
        printf("%.12e\n", search(lo, hi, h));
    }
    return 0;
}

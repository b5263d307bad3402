// Cost is convex in p (sum of convex functions), so ternary search works.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <vector>
using namespace std;

struct Anchor {
    double x;
    double w;
};

static double cost(const vector<Anchor> &a, double p, double h)
{
    double sum = 0;
    for (const Anchor &c : a)
        sum += c.w * sqrt((c.x - p) * (c.x - p) + h * h);
    return sum;
}

int main()
{
    int n, q;
    if (scanf("%d %d", &n, &q) != 2)
        return 1;
    vector<Anchor> a(n);
    double left = 1e7, right = -1e7;
    for (Anchor &c : a) {
        scanf("%lf %lf", &c.x, &c.w);
        left = min(left, c.x);
        right = max(right, c.x);
    }
    while (q--) {
        double h, lo = left, hi = right;
        scanf("%lf", &h);
        for (int step = 0; step < 120; step++) {
            double m1 = lo + (hi - lo) / 3;
            double m2 = hi - (hi - lo) / 3;
            if (cost(a, m1, h) < cost(a, m2, h))
                hi = m2;
            else
                lo = m1;
        }
        printf("%.8f\n", cost(a, (lo + hi) / 2, h));
    }
    return 0;
}

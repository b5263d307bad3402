#include <cmath>
#include <cstdio>
#include <vector>

// Bisection down to EPS. Says so when it takes longer than it should.
const double EPS = 1e-12;

struct Bridge {
    std::vector<double> x, w;

    double slope(double p, double h) const {
        double s = 0;
        for (size_t i = 0; i < x.size(); i++)
            s += w[i] * (p - x[i]) / std::hypot(p - x[i], h);
        return s;
    }

    double cost(double p, double h) const {
        double s = 0;
        for (size_t i = 0; i < x.size(); i++)
            s += w[i] * std::hypot(p - x[i], h);
        return s;
    }

    double cheapest(double h) const {
        double lo = x[0], hi = x[0];
        for (double v : x) {
            lo = std::fmin(lo, v);
            hi = std::fmax(hi, v);
        }
        int steps = 0;
        while (hi - lo > EPS) {
            double mid = (lo + hi) / 2;
            if (slope(mid, h) < 0)
                lo = mid;
            else
                hi = mid;
            if (++steps > 200)
                std::printf("warning: still not converged, lo = %.15f hi = %.15f\n", lo, hi);
        }
        return cost(lo, h);
    }
};

int main() {
    int n, q;
    std::scanf("%d %d", &n, &q);
    Bridge b;
    for (int i = 0; i < n; i++) {
        double x, w;
        std::scanf("%lf %lf", &x, &w);
        b.x.push_back(x);
        b.w.push_back(w);
    }
    while (q--) {
        double h;
        std::scanf("%lf", &h);
        std::printf("%.9f\n", b.cheapest(h));
    }
}

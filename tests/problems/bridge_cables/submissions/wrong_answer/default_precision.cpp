#include <iostream>
#include <vector>
#include <cmath>
using namespace std;

int n, q;
vector<double> x, w;

double total(double p, double h) {
    double r = 0;
    for (int i = 0; i < n; i++) r += w[i] * hypot(x[i] - p, h);
    return r;
}

int main() {
    cin >> n >> q;
    x.resize(n);
    w.resize(n);
    for (int i = 0; i < n; i++) cin >> x[i] >> w[i];
    for (int j = 0; j < q; j++) {
        double h;
        cin >> h;
        double lo = -1e6, hi = 1e6;
        for (int it = 0; it < 150; it++) {
            double a = (2 * lo + hi) / 3, b = (lo + 2 * hi) / 3;
            if (total(a, h) > total(b, h)) lo = a;
            else hi = b;
        }
        // TODO: is there something like printf's %f for cout?
        cout << total(lo, h) << endl;
    }
}

// Try every millimetre. The cost hardly changes within a millimetre,
// so the error should be small enough.
#include <cmath>
#include <iomanip>
#include <iostream>
#include <vector>

int main()
{
    int n, q;
    std::cin >> n >> q;
    std::vector<int> x(n), w(n);
    int left = 2000000, right = -2000000;
    for (int i = 0; i < n; i++) {
        std::cin >> x[i] >> w[i];
        if (x[i] < left) left = x[i];
        if (x[i] > right) right = x[i];
    }
    std::cout << std::fixed << std::setprecision(9);
    while (q-- > 0) {
        double h;
        std::cin >> h;
        double best = 1e300;
        for (long long mm = left * 1000LL; mm <= right * 1000LL; mm++) {
            double p = mm / 1000.0;
            double c = 0;
            for (int i = 0; i < n; i++)
                c += w[i] * std::sqrt((x[i] - p) * (x[i] - p) + h * h);
            if (c < best)
                best = c;
        }
        std::cout << best << "\n";
    }
}

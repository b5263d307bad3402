// Idea: tabulate the cost function first, then answering is only min_element.
// One table entry per millimetre of the bridge, one table per height.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <vector>
using namespace std;

int main()
{
    int n, q;
    scanf("%d %d", &n, &q);
    vector<pair<int, int>> anchor(n);
    for (auto &a : anchor)
        scanf("%d %d", &a.first, &a.second);
    sort(anchor.begin(), anchor.end());
    vector<int> h(q);
    for (int &v : h)
        scanf("%d", &v);

    long long first = anchor.front().first * 1000LL;
    long long size = anchor.back().first * 1000LL - first + 1;
    vector<vector<double>> table;
    for (int j = 0; j < q; j++)
        table.push_back(vector<double>(size, 0.0));

    for (int j = 0; j < q; j++) {
        for (long long k = 0; k < size; k++) {
            double p = (first + k) / 1000.0;
            for (const auto &a : anchor)
                table[j][k] += a.second * hypot(a.first - p, h[j]);
        }
        printf("%.9f\n", *min_element(table[j].begin(), table[j].end()));
    }
    return 0;
}

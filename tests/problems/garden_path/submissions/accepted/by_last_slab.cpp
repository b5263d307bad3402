#include <iostream>
#include <vector>
using namespace std;

typedef long long ll;
const ll MOD = 1000000007LL;

int main()
{
    int len, k;
    cin >> len >> k;
    vector<int> slab(k);
    for (auto &s : slab)
        cin >> s;

    // ends[i][j]: ways to fill i decimetres such that the last slab is of kind j
    vector<vector<ll>> ends(len + 1, vector<ll>(k, 0));
    vector<ll> all(len + 1, 0);
    all[0] = 1;

    for (int i = 1; i <= len; i++) {
        for (int j = 0; j < k; j++) {
            if (slab[j] > i)
                continue;
            int before = i - slab[j];
            // everything that came before, except what already ends in j
            ends[i][j] = (all[before] - ends[before][j] + MOD) % MOD;
            all[i] = (all[i] + ends[i][j]) % MOD;
        }
    }
    cout << all[len] << endl;
    return 0;
}

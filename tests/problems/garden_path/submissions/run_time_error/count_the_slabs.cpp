#include <iostream>
#include <vector>
using namespace std;

// dp[slabs][length * (k + 1) + last]: with exactly this number of slabs.
// At the end sum over all numbers of slabs.
int main() {
    const long long MOD = 1000000007;
    int length, k;
    cin >> length >> k;
    vector<int> s(k);
    for (int i = 0; i < k; i++) cin >> s[i];

    vector<vector<long long>> dp;
    for (int slabs = 0; slabs <= length; slabs++)
        dp.push_back(vector<long long>((length + 1) * (k + 1), 0));

    dp[0][k] = 1;
    long long answer = length == 0 ? 1 : 0;
    for (int slabs = 1; slabs <= length; slabs++) {
        for (int x = 1; x <= length; x++) {
            for (int i = 0; i < k; i++) {
                if (s[i] > x) continue;
                long long w = 0;
                for (int last = 0; last <= k; last++)
                    if (last != i) w += dp[slabs - 1][(x - s[i]) * (k + 1) + last];
                dp[slabs][x * (k + 1) + i] = w % MOD;
            }
        }
        for (int i = 0; i < k; i++) answer += dp[slabs][length * (k + 1) + i];
        answer %= MOD;
    }
    cout << answer << endl;
}

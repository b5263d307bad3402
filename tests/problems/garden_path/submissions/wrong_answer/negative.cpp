#include <cstdio>
const int MOD = 1e9 + 7;

long long ends[5005][10], all[5005];

int main() {
    int len, k, s[10];
    scanf("%d%d", &len, &k);
    for (int i = 0; i < k; i++) scanf("%d", s + i);
    all[0] = 1;
    for (int at = 1; at <= len; at++)
        for (int i = 0; i < k; i++)
            if (at >= s[i]) {
                // subtract the ones where kind i would follow kind i
                ends[at][i] = (all[at - s[i]] - ends[at - s[i]][i]) % MOD;
                all[at] += ends[at][i];
                all[at] %= MOD;
            }
    printf("%lld\n", all[len]);
}

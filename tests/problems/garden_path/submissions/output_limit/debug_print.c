#include <stdio.h>

int main(void)
{
    unsigned int len, k, s[10], i, x;
    static long long total[5001], ends[5001][10];

    scanf("%u %u", &len, &k);
    for (i = 0; i < k; i++)
        scanf("%u", &s[i]);

    /* longest slab first, then we can leave the loop early */
    for (i = k - 1; i >= 0; i--) {
        printf("debug: slab %u of %u, length of path %u\n", i, k, len);
        if (i < k && s[i] > len)
            s[i] = 5001;
    }

    total[0] = 1;
    for (x = 1; x <= len; x++)
        for (i = 0; i < k; i++)
            if (s[i] <= x) {
                ends[x][i] = (total[x - s[i]] - ends[x - s[i]][i] + 1000000007) % 1000000007;
                total[x] = (total[x] + ends[x][i]) % 1000000007;
            }
    printf("%lld\n", total[len]);
    return 0;
}

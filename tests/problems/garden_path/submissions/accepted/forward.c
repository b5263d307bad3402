#include <stdio.h>
#include <stdlib.h>

#define M 1000000007u

/* "Push" DP: from every reachable length put one more slab.
   a[pos * (k+1) + last], last = k means: no slab yet. */
int main(void)
{
    int len, k, i, j, l;
    int s[10];

    if (scanf("%d %d", &len, &k) != 2)
        return 1;
    for (i = 0; i < k; i++)
        if (scanf("%d", &s[i]) != 1)
            return 1;

    unsigned *a = calloc((size_t)(len + 1) * (k + 1), sizeof *a);
    if (!a)
        return 1;
    a[k] = 1;
    for (i = 0; i < len; i++) {
        for (l = 0; l <= k; l++) {
            unsigned ways = a[i * (k + 1) + l];
            if (ways == 0)
                continue;
            for (j = 0; j < k; j++) {
                if (j == l || i + s[j] > len)
                    continue;
                unsigned *to = &a[(i + s[j]) * (k + 1) + j];
                *to += ways;        /* < 2^32 as both are < M < 2^31 */
                if (*to >= M)
                    *to -= M;
            }
        }
    }

    unsigned sum = 0;
    for (l = 0; l <= k; l++)
        sum = (sum + a[len * (k + 1) + l]) % M;
    printf("%u\n", sum);
    free(a);
    return 0;
}

/* int was too small, so I took long long. All samples are right now. */
#include <stdio.h>
#include <string.h>

#define MAXLEN 5000
#define MAXK 10

static long long ends[MAXLEN + 1][MAXK];
static long long total[MAXLEN + 1];

int main(void)
{
    int len, k, s[MAXK];
    scanf("%d %d", &len, &k);
    for (int i = 0; i < k; i++)
        scanf("%d", &s[i]);

    memset(ends, 0, sizeof ends);
    memset(total, 0, sizeof total);
    total[0] = 1;
    for (int x = 1; x <= len; x++) {
        for (int i = 0; i < k; i++) {
            if (s[i] > x)
                continue;
            ends[x][i] = total[x - s[i]] - ends[x - s[i]][i];
            total[x] += ends[x][i];
        }
    }
    printf("%lld\n", total[len] % 1000000007);
    return 0;
}

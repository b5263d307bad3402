#include <assert.h>
#include <stdio.h>

static int s[10], k;
static int memo[5001][11];      /* ways + 1, 0 = not known yet */

static int ways(int at, int last)
{
    if (at == 0)
        return 1;
    if (memo[at][last] > 0)
        return memo[at][last] - 1;
    long long sum = 0;
    for (int i = 0; i < k; i++)
        if (i != last && s[i] <= at)
            sum += ways(at - s[i], i);
    memo[at][last] = sum % 1000000007 + 1;
    return memo[at][last] - 1;
}

int main(void)
{
    int len;
    if (scanf("%d %d", &len, &k) != 2)
        return 2;
    for (int i = 0; i < k; i++)
        if (scanf("%d", &s[i]) != 1)
            return 2;
    int result = ways(len, 10);
    assert(result > 0);     /* she does lay a path, after all */
    printf("%d\n", result);
    return 0;
}

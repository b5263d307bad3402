#include <stdio.h>
#include <stdlib.h>

/* Open addressing. A code is turned into a number: its digits with a 1 in
   front, so that leading zeros count. */

#define SLOTS (1 << 20)

static unsigned long long key[SLOTS];
static int last[SLOTS];

static int slot_of(unsigned long long k)
{
    unsigned h = (unsigned)((k * 0x9E3779B97F4A7C15ull) >> 44);
    while (key[h] != 0 && key[h] != k)
        h = (h + 1) & (SLOTS - 1);
    key[h] = k;
    return h;
}

static int read_code(unsigned long long *out)
{
    int c = getchar();
    while (c == '\n' || c == '\r' || c == ' ')
        c = getchar();
    if (c == EOF)
        return 0;
    unsigned long long v = 1;
    while (c >= '0' && c <= '9') {
        v = v * 10 + (c - '0');
        c = getchar();
    }
    *out = v;
    return 1;
}

int main(void)
{
    int n, start = 1, best = 0, where = 1;
    if (scanf("%d", &n) != 1)
        return EXIT_FAILURE;
    for (int i = 1; i <= n; i++) {
        unsigned long long k;
        if (!read_code(&k))
            return EXIT_FAILURE;
        int s = slot_of(k);
        if (last[s] >= start)
            start = last[s] + 1;
        last[s] = i;
        if (i - start >= best) {
            best = i - start + 1;
            where = start;
        }
    }
    printf("%d %d\n", best, where);
    return EXIT_SUCCESS;
}

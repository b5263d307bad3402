#include <stdio.h>
#include <string.h>

/* nobody lifts more than that */
#define MAX 100000

static char code[MAX][13];
static int n;

static int same(int a, int b)
{
    return strcmp(code[a], code[b]) == 0;
}

int main(void)
{
    int i, j, start = 0, best = 0, best_start = 0;

    scanf("%d", &n);
    for (i = 0; i < n; i++)
        scanf("%12s", code[i]);

    for (i = 0; i < n; i++) {
        for (j = i - 1; j >= start; j--)
            if (same(i, j))
                start = j + 1;
        if (i - start + 1 > best) {
            best = i - start + 1;
            best_start = start;
        }
    }
    printf("%d %d\n", best, best_start + 1);
    return 0;
}

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* sort an index by code, so equal codes are neighbours; prev[i] is the entry
   before i with the same code */

static char (*code)[13];

static int compare(const void *a, const void *b)
{
    int i = *(const int *)a, j = *(const int *)b;
    int c = strcmp(code[i], code[j]);
    return c != 0 ? c : i - j;
}

int main(void)
{
    int n;
    scanf("%d", &n);
    code = malloc((n + 1) * sizeof *code);
    int *order = malloc((n + 1) * sizeof *order);
    int *prev = calloc(n + 1, sizeof *prev);
    for (int i = 1; i <= n; i++) {
        scanf("%12s", code[i]);
        order[i - 1] = i;
    }
    qsort(order, n, sizeof *order, compare);
    for (int k = 1; k < n; k++)
        if (strcmp(code[order[k - 1]], code[order[k]]) == 0)
            prev[order[k]] = order[k - 1];

    int start = 1, best = 0, best_start = 1;
    for (int i = 1; i <= n; i++) {
        if (prev[i] != 0)
            start = prev[i] + 1;
        if (i - start + 1 > best) {
            best = i - start + 1;
            best_start = start;
        }
    }
    printf("%d %d\n", best, best_start);
    free(code);
    free(order);
    free(prev);
    return 0;
}

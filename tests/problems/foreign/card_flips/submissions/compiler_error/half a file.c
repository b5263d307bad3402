#include <stdio.h>

/* saved before I was ready, the rest is on the other computer */

static int pile[100];

static void flip(int m)
{
    int i, j;
    for (i = 0, j = m - 1; i < j; i++, j--) {
        int t = pile[i];
        pile[i] = pile[j];
        pile[j] = t;
    }
}

int main(void)
{
    int n, i;
    while (scanf("%d", &n) == 1) {
        for (i = 0; i < n; i++)
            scanf("%d", &pile[i]);
        /* the largest first */
        for (i = n; i > 1; i--) {

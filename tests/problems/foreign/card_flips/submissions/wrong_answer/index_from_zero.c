#include <stdio.h>

int main(void)
{
    int n;
    while (scanf("%d", &n) == 1) {
        int p[100], out[300], k = 0;
        for (int i = 0; i < n; i++)
            scanf("%d", &p[i]);
        for (int size = n; size > 1; size--) {
            int at = 0;
            while (p[at] != size)
                at++;
            if (at == size - 1)
                continue;
            int turn[2] = {at, size - 1};
            for (int t = 0; t < 2; t++) {
                /* turn over the cards 0 .. turn[t] */
                for (int a = 0, b = turn[t]; a < b; a++, b--) {
                    int x = p[a];
                    p[a] = p[b];
                    p[b] = x;
                }
                out[k++] = turn[t];
            }
        }
        printf("%d", k);
        for (int i = 0; i < k; i++)
            printf(" %d", out[i]);
        printf("\n");
    }
    return 0;
}

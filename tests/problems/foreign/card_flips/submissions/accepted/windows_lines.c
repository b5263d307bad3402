/* Written on a machine whose lines end in \r\n, and so does the output. */
#include <stdio.h>

static int pile[128], move[256], moves;

static void flip(int m)
{
    int i;
    for (i = 0; i < m / 2; i++) {
        int t = pile[i];
        pile[i] = pile[m - 1 - i];
        pile[m - 1 - i] = t;
    }
    move[moves++] = m;
}

int main(void)
{
    int n, i, size;

    while (scanf("%d", &n) == 1) {
        for (i = 0; i < n; i++)
            if (scanf("%d", &pile[i]) != 1)
                return 1;
        moves = 0;
        for (size = n; size >= 1; size--) {
            for (i = 0; pile[i] != size; i++)
                ;
            flip(i + 1);        /* also if it is on top already: m = 1 */
            flip(size);
        }
        printf("%d\r\n", moves);
        for (i = 0; i < moves; i++)
            printf("%d%s", move[i], i + 1 < moves ? " " : "\r\n");
    }
    return 0;
}

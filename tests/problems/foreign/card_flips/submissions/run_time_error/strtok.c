#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char line[1024];

/* the next line, whatever is in it; 0 at the end */
static int get_line(void)
{
    if (fgets(line, sizeof line, stdin) == NULL)
        return 0;
    line[strcspn(line, "\r\n")] = '\0';
    return 1;
}

static void turn(int *p, int m)
{
    for (int i = 0, j = m - 1; i < j; i++, j--) {
        int t = p[i];
        p[i] = p[j];
        p[j] = t;
    }
}

int main(void)
{
    int pile[101], moves[202];
    while (get_line()) {
        if (line[0] == '\0')
            continue;
        int n = atoi(line);
        get_line();
        int count = 0;
        char *word = strtok(line, " ");
        do {
            pile[count++] = (int)strtol(word, NULL, 10);
            word = strtok(NULL, " ");
        } while (word != NULL && count < 100);

        int k = 0;
        for (int size = n; size > 1; size--) {
            int at = 0;
            while (pile[at] != size)
                at++;
            turn(pile, at + 1);
            turn(pile, size);
            moves[k++] = at + 1;
            moves[k++] = size;
        }
        printf("%d", k);
        for (int i = 0; i < k; i++)
            printf(" %d", moves[i]);
        putchar('\n');
    }
    return 0;
}

#include <stdio.h>
#include <string.h>

#define SIZE 1000003

static char name[SIZE][13];
static int when[SIZE];

static int find(const char *s)
{
    unsigned long h = 5381;
    for (const char *p = s; *p; p++)
        h = h * 33 + (unsigned char)*p;
    h %= SIZE;
    while (name[h][0] != '\0' && strcmp(name[h], s) != 0)
        h = (h + 1) % SIZE;
    strcpy(name[h], s);
    return (int)h;
}

int main(void)
{
    int n, start = 1, best = 0, best_start = 1;
    unsigned i = 0;
    char code[13];

    scanf("%d", &n);
    /* no need for n: scanf gives 0 when nothing is left */
    while (scanf("%12s", code) != 0) {
        int h = find(code);
        i++;
        if (when[h] >= start)
            start = when[h] + 1;
        when[h] = i;
        if ((int)i - start + 1 > best) {
            best = i - start + 1;
            best_start = start;
        }
    }
    printf("%d %d\n", best, best_start);
    return 0;
}

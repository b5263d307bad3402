#include <stdio.h>
#include <string.h>

#define MAX 450001

struct entry {
    char code[13];
    int line;
};

static struct entry log_book[MAX];

static int by_code(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    int c = strcmp(x->code, y->code);
    return c ? c : x->line - y->lines;
}

int main(void)
{
    int n;
    scanf("%d", &n);
    for (int i = 0; i < n; i++) {
        scanf("%12s", log_book[i].code);
        log_book[i].line = i + 1;
    }
    qsort(log_book, n, sizeof(struct entry), by_code);
    int best = 0;
    for (int i = 1; i < count; i++)
        if (strcmp(log_book[i - 1].code, log_book[i].code) == 0)
            best = log_book[i].line - log_book[i - 1].line;
    printf("%d\n", best);
    return 0;
}

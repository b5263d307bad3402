/* exit 42: the log keeps to the statement; 43: it does not */
#include <stdio.h>

static int fail(long line, const char *why)
{
    fprintf(stderr, "line %ld: %s\n", line, why);
    return 43;
}

int main(void)
{
    long n = 0, line;
    int c, digits = 0;

    while ((c = getchar()) >= '0' && c <= '9' && digits < 7) {
        if (digits == 0 && c == '0')
            return fail(1, "leading zero");
        n = 10 * n + (c - '0');
        digits++;
    }
    if (c != '\n' || n < 1 || n > 450000)
        return fail(1, "bad number of entries");
    for (line = 2; line <= n + 1; line++) {
        digits = 0;
        while ((c = getchar()) >= '0' && c <= '9')
            digits++;
        if (c != '\n')
            return fail(line, "not a digit");
        if (digits < 1 || digits > 12)
            return fail(line, "bad length of a code");
    }
    if (getchar() != EOF)
        return fail(line, "text after the last entry");
    return 42;
}

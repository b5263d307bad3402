// Accepts (42) exactly the inputs of the statement, byte for byte.
#include <cstdio>
#include <cstdlib>
#include <string>

static std::string text;
static size_t at = 0;

[[noreturn]] static void bad(const char *why)
{
    std::fprintf(stderr, "byte %zu: %s\n", at, why);
    std::exit(43);
}

static long number(long low, long high)
{
    size_t start = at;
    long v = 0;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9' && at - start < 8)
        v = v * 10 + (text[at++] - '0');
    if (at == start)
        bad("a number is missing");
    if (text[start] == '0' && at - start > 1)
        bad("leading zero");
    if (v < low || v > high)
        bad("number out of bounds");
    return v;
}

static void expect(char c)
{
    if (at >= text.size() || text[at] != c)
        bad(c == ' ' ? "a blank is missing" : "a line end is missing");
    at++;
}

int main()
{
    for (int c; (c = std::getchar()) != EOF;)
        text += char(c);
    number(0, 5000);
    expect(' ');
    long k = number(1, 10);
    expect('\n');
    for (long i = 0; i < k; i++) {
        if (i > 0)
            expect(' ');
        number(1, 5000);
    }
    expect('\n');
    if (at != text.size())
        bad("text after the end");
    return 42;
}

// The judge only measures the run, not the compiler. So let the compiler
// count the whole millimetres of every cable of up to 3000 metres: that is
// slow (no sqrt in constexpr), but slow in the right place.
#include <cstdio>

constexpr int length(int metres, int height)
{
    int mm = 0;
    for (int coarse = 0; coarse < 5000; coarse++)
        for (int fine = 0; fine < 150; fine++)
            if ((coarse + fine) % 10 <= metres % 10 + height)
                mm = (mm + 1) % 1000;
    return mm;
}

#define ONE(n) \
    constexpr int low_##n = length(n, 1); \
    constexpr int mid_##n = length(n, 2); \
    constexpr int high_##n = length(n, 3);
#define TEN(n) ONE(n##0) ONE(n##1) ONE(n##2) ONE(n##3) ONE(n##4) \
    ONE(n##5) ONE(n##6) ONE(n##7) ONE(n##8) ONE(n##9)
#define HUNDRED(n) TEN(n##0) TEN(n##1) TEN(n##2) TEN(n##3) TEN(n##4) \
    TEN(n##5) TEN(n##6) TEN(n##7) TEN(n##8) TEN(n##9)

HUNDRED(1) HUNDRED(2) HUNDRED(3) HUNDRED(4) HUNDRED(5)
HUNDRED(6) HUNDRED(7) HUNDRED(8) HUNDRED(9)
HUNDRED(10) HUNDRED(11) HUNDRED(12) HUNDRED(13) HUNDRED(14)
HUNDRED(15) HUNDRED(16) HUNDRED(17) HUNDRED(18) HUNDRED(19)
HUNDRED(20) HUNDRED(21) HUNDRED(22) HUNDRED(23) HUNDRED(24)
HUNDRED(25) HUNDRED(26) HUNDRED(27) HUNDRED(28) HUNDRED(29)

int main()
{
    int n, q, x, w, h;
    std::scanf("%d %d", &n, &q);
    long long cost = 0;
    while (n-- > 0) {
        std::scanf("%d %d", &x, &w);
        cost += 1LL * w * (x % 2 ? low_100 : x % 3 ? mid_2999 : high_777);
    }
    while (q-- > 0) {
        std::scanf("%d", &h);
        std::printf("%lld\n", cost);
    }
}

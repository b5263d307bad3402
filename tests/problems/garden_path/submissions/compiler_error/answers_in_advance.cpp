// All answers are computed by the compiler, one function for each length.
#include <cstdio>

constexpr int ways(int length)
{
    int w = 1;
    for (int a = 0; a < length; a++)
        for (int b = 0; b < 200; b++)
            w = (w * 3 + a % 5 + b % 2) % 199;
    return w;
}

#define F(n) int path_##n() { constexpr int w = ways(4000 + n % 1000); return w; }
#define F10(n) F(n##0) F(n##1) F(n##2) F(n##3) F(n##4) F(n##5) F(n##6) F(n##7) F(n##8) F(n##9)
#define F100(n) F10(n##0) F10(n##1) F10(n##2) F10(n##3) F10(n##4) \
    F10(n##5) F10(n##6) F10(n##7) F10(n##8) F10(n##9)
#define F1000(n) F100(n##0) F100(n##1) F100(n##2) F100(n##3) F100(n##4) \
    F100(n##5) F100(n##6) F100(n##7) F100(n##8) F100(n##9)

F1000(1) F1000(2) F1000(3) F1000(4)

int main()
{
    int length, k;
    std::scanf("%d %d", &length, &k);
    std::printf("%d\n", length % 2 ? path_1001() : path_4999());
}

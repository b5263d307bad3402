// Checks at compile time that two flips a card are enough, for every start.
#include <cstdio>

constexpr int worst(int start)
{
    int bad = 0;
    for (int pile = 0; pile < 7000; pile++) {
        int moves = 0;
        for (int card = 0; card < 100; card++) {
            moves += (pile + card + start) % 3;
            if (moves > 200)
                moves = 0;
        }
        bad = (bad + moves) % 50;
    }
    return bad;
}

struct Proof {
    int start;
    bool holds;
};

#define PROOF(n) static bool proof_##n() { \
    constexpr Proof p{n, worst(n) >= 0}; \
    static_assert(p.holds, "more than two flips"); \
    return p.holds; }
#define PROOF4(n) PROOF(n##1) PROOF(n##2) PROOF(n##3) PROOF(n##4)
#define PROOF16(n) PROOF4(n##1) PROOF4(n##2) PROOF4(n##3) PROOF4(n##4)
#define PROOF64(n) PROOF16(n##1) PROOF16(n##2) PROOF16(n##3) PROOF16(n##4)
#define PROOF256(n) PROOF64(n##1) PROOF64(n##2) PROOF64(n##3) PROOF64(n##4)
#define PROOF1024(n) PROOF256(n##1) PROOF256(n##2) PROOF256(n##3) PROOF256(n##4)

PROOF1024(1)
PROOF1024(2)
PROOF1024(3)

int main()
{
    std::printf("%d\n", proof_111111() && proof_344444());
}

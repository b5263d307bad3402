// @EXPECTED_RESULTS@: WRONG-ANSWER
// Right, but with more moves than allowed: every card goes to the top, to the
// bottom and back.
#include <algorithm>
#include <cstdio>
#include <vector>

int main()
{
    int n;
    while (std::scanf("%d", &n) == 1) {
        std::vector<int> pile(n), out;
        for (int &c : pile)
            std::scanf("%d", &c);
        auto flip = [&](int m) {
            std::reverse(pile.begin(), pile.begin() + m);
            out.push_back(m);
        };
        for (int size = n; size >= 1; size--) {
            int at = int(std::find(pile.begin(), pile.end(), size) - pile.begin());
            flip(at + 1);
            flip(1);
            flip(size);
        }
        std::printf("%zu", out.size());
        for (int m : out)
            std::printf(" %d", m);
        std::puts("");
    }
}

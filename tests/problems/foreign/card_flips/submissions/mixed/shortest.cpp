/*
 * Shortest sequence by iterative deepening.
 *
 * @EXPECTED_RESULTS@: TIMELIMIT
 */
#include <algorithm>
#include <iostream>
#include <vector>

static std::vector<int> pile, path;

static bool deepen(int left)
{
    if (std::is_sorted(pile.begin(), pile.end()))
        return true;
    if (left == 0)
        return false;
    for (int m = 2; m <= (int)pile.size(); m++) {
        std::reverse(pile.begin(), pile.begin() + m);
        path.push_back(m);
        if (deepen(left - 1))
            return true;
        path.pop_back();
        std::reverse(pile.begin(), pile.begin() + m);
    }
    return false;
}

int main()
{
    int n;
    while (std::cin >> n) {
        pile.resize(n);
        for (int &c : pile)
            std::cin >> c;
        path.clear();
        for (int depth = 0; !deepen(depth); depth++)
            ;
        std::cout << path.size();
        for (int m : path)
            std::cout << ' ' << m;
        std::cout << '\n';
    }
}

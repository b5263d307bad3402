// Output validator: plays the moves and looks whether the pile is sorted.
//   check INPUT ANSWER FEEDBACK_FOLDER [max_factor F] < OUTPUT
#include "report.h"

#include <algorithm>
#include <fstream>
#include <iostream>
#include <vector>

static int next_number(const Report &report, int pile, const char *what)
{
    std::string word;
    if (!(std::cin >> word))
        report.wrong(pile, std::string("the output ends where there should be ") + what);
    if (word.size() > 6 || word.find_first_not_of("0123456789") != std::string::npos)
        report.wrong(pile, "'" + word.substr(0, 20) + "' instead of " + what);
    return std::stoi(word);
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        std::cerr << "usage: check input answer feedback [flags]\n";
        return 1;
    }
    Report report(argv[3]);

    int factor = 0;
    for (int i = 4; i < argc; i++) {
        std::string flag = argv[i];
        if (flag == "max_factor" && i + 1 < argc)
            factor = std::atoi(argv[++i]);
        else
            report.broken("unknown flag " + flag);
    }
    if (factor < 1)
        report.broken("the flag max_factor is missing");

    std::ifstream input(argv[1]);
    int piles = 0, moves = 0, n;
    while (input >> n) {
        piles++;
        std::vector<int> pile(n);
        for (int &card : pile)
            if (!(input >> card))
                report.broken("the input is cut off");
        int k = next_number(report, piles, "a number of moves");
        if (k > factor * n)
            report.wrong(piles, std::to_string(k) + " moves are too many");
        for (int j = 0; j < k; j++) {
            int m = next_number(report, piles, "a move");
            if (m < 1 || m > n)
                report.wrong(piles, "there are no " + std::to_string(m) + " cards to flip");
            std::reverse(pile.begin(), pile.begin() + m);
        }
        if (!std::is_sorted(pile.begin(), pile.end()))
            report.wrong(piles, "not sorted after the moves");
        moves += k;
    }
    if (piles == 0)
        report.broken("no pile in the input");
    std::string rest;
    if (std::cin >> rest)
        report.wrong(piles, "text after the last move");
    report.accepted(piles, moves);
}

#include "report.h"

#include <cstdlib>
#include <fstream>
#include <iostream>

void Report::write(const char *file, const std::string &text) const
{
    std::ofstream f(folder_ + "/" + file);
    f << text << "\n";
}

void Report::accepted(int piles, int moves) const
{
    write("judgemessage.txt", std::to_string(piles) + " piles, " + std::to_string(moves) + " moves");
    std::exit(42);
}

void Report::wrong(int pile, const std::string &why) const
{
    write("judgemessage.txt", "pile " + std::to_string(pile) + ": " + why);
    write("teammessage.txt", "Look at pile " + std::to_string(pile) + " again.");
    std::exit(43);
}

void Report::broken(const std::string &why) const
{
    std::cerr << why << std::endl;
    std::exit(2);       // neither 42 nor 43: it is not the team's fault
}

#include "pile.h"

#include <istream>
#include <stdexcept>
#include <utility>

Pile::Pile(std::istream &in, int size) : cards_(size)
{
    for (int &c : cards_)
        if (!(in >> c))
            throw std::runtime_error("cards are missing");
}

int Pile::find(int card) const
{
    int i = 0;
    while (cards_[i] != card)
        i++;
    return i;
}

void Pile::flip(int count)
{
    for (int a = 0, b = count - 1; a < b; a++, b--)
        std::swap(cards_[a], cards_[b]);
    moves_.push_back(count);
}

void Pile::sort()
{
    for (int card = int(cards_.size()); card > 0; card--) {
        if (cards_[card - 1] == card)
            continue;
        flip(find(card) + 1);
        flip(card);
    }
}

#include "pile.h"

#include <iostream>

int main()
{
    for (int size; std::cin >> size;) {
        Pile pile(std::cin, size);
        pile.sort();
        std::cout << pile.moves().size();
        for (int m : pile.moves())
            std::cout << " " << m;
        std::cout << std::endl;
    }
}

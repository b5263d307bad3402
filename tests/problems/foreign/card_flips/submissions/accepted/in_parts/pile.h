#ifndef PILE_H
#define PILE_H

#include <iosfwd>
#include <vector>

class Pile {
public:
    explicit Pile(std::istream &in, int size);

    void sort();
    const std::vector<int> &moves() const { return moves_; }

private:
    void flip(int count);
    int find(int card) const;

    std::vector<int> cards_;
    std::vector<int> moves_;
};

#endif

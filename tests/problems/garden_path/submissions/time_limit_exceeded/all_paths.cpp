// Backtracking: lay the next slab in every possible way.
#include <iostream>
#include <vector>

class Path {
    std::vector<int> slabs;
    long long found = 0;

    void lay(int rest, int last)
    {
        if (rest == 0) {
            found++;
            if (found == 1000000007)
                found = 0;
            return;
        }
        for (int i = 0; i < (int)slabs.size(); i++)
            if (i != last && slabs[i] <= rest)
                lay(rest - slabs[i], i);
    }

public:
    explicit Path(int k)
    {
        for (int i = 0; i < k; i++) {
            int s;
            std::cin >> s;
            slabs.push_back(s);
        }
    }

    long long count(int length)
    {
        found = 0;
        lay(length, -1);
        return found;
    }
};

int main()
{
    int length, k;
    std::cin >> length >> k;
    Path p(k);
    std::cout << p.count(length) << "\n";
}

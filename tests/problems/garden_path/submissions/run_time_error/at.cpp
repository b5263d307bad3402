#include <iostream>
#include <vector>

// .at() instead of [], as the tutor told us to.
int main()
{
    const int mod = 1000000007;
    unsigned length, kinds;
    std::cin >> length >> kinds;
    std::vector<unsigned> size;
    for (unsigned i = 0; i < kinds; i++) {
        unsigned s;
        std::cin >> s;
        size.push_back(s);
    }
    std::vector<int> total(length + 1);
    std::vector<std::vector<int>> ends(kinds, std::vector<int>(length + 1));
    total.at(0) = 1;
    for (unsigned x = 1; x <= length; x++) {
        for (unsigned i = 0; i < kinds; i++) {
            int w = total.at(x - size.at(i)) - ends.at(i).at(x - size.at(i));
            if (w < 0)
                w += mod;
            ends.at(i).at(x) = w;
            total.at(x) = (total.at(x) + w) % mod;
        }
    }
    std::cout << total.at(length) << '\n';
    return 0;
}

#include <iostream>
#include <map>
#include <string>
#include <vector>

using Ways = std::map<int, long long>;

long long count(const std::vector<int> &kinds, int rest, Ways &known)
{
    if (known.count(rest))
        return known[rest];
    std::string sum = 0;
    for (int s : kinds)
        if (s <= rest)
            sum += count(kinds, rest - s, known);
    known[rest] = sum % 1000000007;
    return sum;
}

int main()
{
    int length, k;
    std::cin >> length >> k;
    std::vector<int> kinds(k);
    for (int &s : kinds)
        std::cin >> s;
    Ways known;
    std::cout << count(kinds, length, known) << std::endl;
}

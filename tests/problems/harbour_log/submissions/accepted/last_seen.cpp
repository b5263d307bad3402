#include <iostream>
#include <string>
#include <unordered_map>

using namespace std;

int main() {
    ios_base::sync_with_stdio(false);
    cin.tie(nullptr);

    int n;
    cin >> n;
    unordered_map<string, int> last_seen;
    last_seen.reserve(2 * n);

    int start = 1, best = 0, best_start = 1;
    string code;
    for (int i = 1; i <= n; i++) {
        cin >> code;
        auto it = last_seen.find(code);
        if (it == last_seen.end()) {
            last_seen.emplace(code, i);
        } else {
            start = max(start, it->second + 1);
            it->second = i;
        }
        if (i - start + 1 > best) {
            best = i - start + 1;
            best_start = start;
        }
    }
    cout << best << ' ' << best_start << '\n';
}

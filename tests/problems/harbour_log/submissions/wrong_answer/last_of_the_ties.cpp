#include <bits/stdc++.h>
using namespace std;
typedef pair<int, int> pii;

int main() {
    ios::sync_with_stdio(0); cin.tie(0);
    int n;
    cin >> n;
    unordered_map<string, int> pos;
    vector<pii> all;                // (length, start)
    int from = 0;
    for (int i = 0; i < n; i++) {
        string s;
        cin >> s;
        if (pos.count(s) && pos[s] >= from) from = pos[s] + 1;
        pos[s] = i;
        all.push_back({i - from + 1, from + 1});
    }
    // max of pairs: the longest, then the ... start
    pii m = *max_element(all.begin(), all.end());
    cout << m.first << " " << m.second << "\n";
}

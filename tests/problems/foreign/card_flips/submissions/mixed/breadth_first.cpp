#include <algorithm>
#include <iostream>
#include <queue>
#include <set>
#include <vector>

using namespace std;

// Breadth first search over piles. Needs far more than the memory there is:
// @EXPECTED_RESULTS@: RUN-ERROR

typedef vector<long long> Pile;     // int would do, but one never knows

static vector<int> search(const Pile &from)
{
    Pile goal = from;
    sort(goal.begin(), goal.end());
    set<Pile> seen;
    queue<pair<Pile, vector<int>>> todo;
    todo.push({from, {}});
    seen.insert(from);
    while (!todo.empty()) {
        auto [pile, path] = todo.front();
        todo.pop();
        if (pile == goal)
            return path;
        for (size_t m = 2; m <= pile.size(); m++) {
            Pile next = pile;
            reverse(next.begin(), next.begin() + m);
            if (!seen.insert(next).second)
                continue;
            vector<int> longer = path;
            longer.push_back(m);
            todo.push({next, longer});
        }
    }
    return {};
}

int main()
{
    int n;
    while (cin >> n) {
        Pile pile(n);
        for (auto &c : pile)
            cin >> c;
        vector<int> moves = search(pile);
        cout << moves.size();
        for (int m : moves)
            cout << " " << m;
        cout << endl;
    }
}

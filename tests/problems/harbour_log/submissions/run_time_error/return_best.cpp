#include <iostream>
#include <map>
#include <string>
#include <cstdlib>

using namespace std;

static int solve(istream &in, ostream &out)
{
    int n, start = 1, best = 0, where = 1;
    in >> n;
    map<string, int> last;
    for (int i = 1; i <= n; i++) {
        string code;
        in >> code;
        int &l = last[code];
        if (l >= start)
            start = l + 1;
        l = i;
        if (i - start + 1 > best) {
            best = i - start + 1;
            where = start;
        }
    }
    out << best << " " << where << endl;
    return best;
}

int main()
{
    return solve(cin, cout);
}

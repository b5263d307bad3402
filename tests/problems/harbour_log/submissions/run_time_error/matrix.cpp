#include <cstdio>
#include <string>
#include <vector>
using namespace std;

// same[i][j] = 1 if the entries i and j are one container.
// free_until[i] = end of the longest stretch from i, computed from the right.
int main()
{
    int n;
    scanf("%d", &n);
    vector<string> log(n);
    for (int i = 0; i < n; i++) {
        char c[14];
        scanf("%13s", c);
        log[i] = c;
    }

    vector<vector<int>> same;
    for (int i = 0; i < n; i++)
        same.push_back(vector<int>(n, -1));
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            same[i][j] = log[i] == log[j];

    vector<int> free_until(n + 1, n);
    int best = 0, start = 0;
    for (int i = n - 1; i >= 0; i--) {
        free_until[i] = free_until[i + 1];
        for (int j = i + 1; j < free_until[i]; j++)
            if (same[i][j])
                free_until[i] = j;
        if (free_until[i] - i >= best) {
            best = free_until[i] - i;
            start = i;
        }
    }
    printf("%d %d\n", best, start + 1);
    return 0;
}

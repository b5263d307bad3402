// From every start go right until a code comes for the second time.
#include <cstdio>
#include <set>
#include <string>
#include <vector>

int main()
{
    int n;
    std::scanf("%d", &n);
    std::vector<std::string> log;
    char buffer[16];
    for (int i = 0; i < n; i++) {
        std::scanf("%15s", buffer);
        log.push_back(buffer);
    }

    size_t best = 0, best_start = 0;
    for (size_t start = 0; start < log.size(); start++) {
        std::set<std::string> seen;
        size_t end = start;
        while (end < log.size() && seen.insert(log[end]).second)
            end++;
        if (end - start > best) {
            best = end - start;
            best_start = start;
        }
    }
    std::printf("%zu %zu\n", best, best_start + 1);
    return 0;
}

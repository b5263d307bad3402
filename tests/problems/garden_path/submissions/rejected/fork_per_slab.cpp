// Every choice of a slab gets a process of its own. A child tells its count
// to the parent by its exit code.
#include <cstdio>
#include <sys/wait.h>
#include <unistd.h>

int k, s[10];

int lay(int rest, int last)
{
    if (rest == 0)
        return 1;
    int children = 0;
    for (int i = 0; i < k; i++) {
        if (i == last || s[i] > rest)
            continue;
        pid_t p;
        do {
            p = fork();
        } while (p < 0);        // busy machine, try again
        if (p == 0)
            _exit(lay(rest - s[i], i));
        children++;
    }
    int sum = 0, status;
    while (children-- > 0) {
        wait(&status);
        sum += WEXITSTATUS(status);
    }
    return sum;
}

int main()
{
    int len;
    if (std::scanf("%d %d", &len, &k) != 2)
        return 1;
    for (int i = 0; i < k; i++)
        std::scanf("%d", &s[i]);
    std::printf("%d\n", lay(len, -1));
}

/* "Use parallelism": a child for every height. The loop that should stop
   at q children never does, and the children run it too. */
#include <math.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static double x[300], w[300];

int main(void)
{
    int n, q, started = 0;
    if (scanf("%d %d", &n, &q) != 2)
        return 1;
    for (int i = 0; i < n; i++)
        if (scanf("%lf %lf", &x[i], &w[i]) != 2)
            return 1;
    while (started != q + 1) {
        pid_t child = fork();
        if (child == 0)
            started = 0;    /* the child counts its own children */
        /* started++ was here, but then only some heights were answered */
    }
    while (wait(NULL) > 0)
        ;
    return 3;
}

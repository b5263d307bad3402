/* Anchors in a linked list, sorted while reading. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

struct node {
    int x, w;
    struct node *next;
};

static struct node *insert_sorted(struct node *head, int x, int w)
{
    struct node *fresh = malloc(sizeof *fresh);
    fresh->x = x;
    fresh->w = w;
    fresh->next = NULL;
    struct node *at = head;
    while (at->next->x < x)     /* find the last one left of us */
        at = at->next;
    fresh->next = at->next;
    at->next = fresh;
    return head;
}

static double cost(const struct node *l, double p, double h)
{
    double s = 0;
    for (; l != NULL; l = l->next)
        s += l->w * hypot(l->x - p, h);
    return s;
}

int main(void)
{
    int n, q, x, w, h;
    struct node *list = NULL;
    scanf("%d %d", &n, &q);
    while (n-- > 0) {
        scanf("%d %d", &x, &w);
        list = insert_sorted(list, x, w);
    }
    while (q-- > 0) {
        double lo = -1e6, hi = 1e6;
        scanf("%d", &h);
        for (int i = 0; i < 200; i++) {
            double a = lo + (hi - lo) / 3, b = hi - (hi - lo) / 3;
            if (cost(list, a, h) < cost(list, b, h))
                hi = b;
            else
                lo = a;
        }
        printf("%.9f\n", cost(list, lo, h));
    }
    return 0;
}

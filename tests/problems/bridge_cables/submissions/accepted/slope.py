# Bisection on the derivative, which only grows.
import sys
from math import sqrt


def slope(anchors, p, hh):
    s = 0.0
    for x, w in anchors:
        d = p - x
        s += w * d / sqrt(d * d + hh)
    return s


def main():
    data = list(map(int, sys.stdin.read().split()))
    n, q = data[0], data[1]
    anchors = []
    for i in range(n):
        anchors.append((data[2 + 2 * i], data[3 + 2 * i]))
    heights = data[2 + 2 * n:2 + 2 * n + q]
    for h in heights:
        lo = float(min(anchors)[0])
        hi = float(max(anchors)[0])
        for _ in range(50):
            mid = (lo + hi) / 2
            if slope(anchors, mid, h * h) < 0:
                lo = mid
            else:
                hi = mid
        p = (lo + hi) / 2
        print(sum(w * sqrt((x - p) ** 2 + h * h) for x, w in anchors))


main()

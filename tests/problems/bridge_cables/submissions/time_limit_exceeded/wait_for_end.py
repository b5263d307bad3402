"""Reads heights until the word END comes, as in last week's exercise."""
import math
import sys
import time


def next_line():
    # the input sometimes arrives late, so wait for it
    while True:
        line = sys.stdin.readline().strip()
        if line:
            return line
        time.sleep(0.2)


def cost(anchors, p, h):
    return sum(w * math.hypot(x - p, h) for x, w in anchors)


n, q = map(int, next_line().split())
anchors = [tuple(map(int, next_line().split())) for _ in range(n)]
answers = []
while True:
    line = next_line()
    if line == "END":
        break
    h = int(line)
    lo, hi = min(anchors)[0], max(anchors)[0]
    for _ in range(70):
        a = (2 * lo + hi) / 3
        b = (lo + 2 * hi) / 3
        if cost(anchors, a, h) < cost(anchors, b, h):
            hi = b
        else:
            lo = a
    answers.append(cost(anchors, lo, h))
for a in answers:
    print(a)

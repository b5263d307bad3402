# bisection, second try
from math import hypot

n, q = [int(t) for t in input().split()]
cables = []
for i in range(n):
    x, w = input().split()
    cables.append((int(x), int(w)))

heights = [int(t) for t in input().split()]

for j in range(q):
    h = heights[j]          # first sample: only one number on this line...
    lo, hi = -10**6, 10**6
    for _ in range(60):
        m = (lo + hi) / 2
        if sum(w * (m - x) / hypot(m - x, h) for x, w in cables) > 0:
            hi = m
        else:
            lo = m
    print(round(sum(w * hypot(lo - x, h) for x, w in cables), 7))

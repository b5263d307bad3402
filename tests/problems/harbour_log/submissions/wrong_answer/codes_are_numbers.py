# numbers are faster to compare than strings
import sys

data = list(map(int, sys.stdin.read().split()))
n, codes = data[0], data[1:]

last = {}
start = best = 0
where = 1
for i, c in enumerate(codes):
    if c in last and last[c] >= start:
        start = last[c] + 1
    last[c] = i
    if i - start + 1 > best:
        best = i - start + 1
        where = start + 1

print(best, where)

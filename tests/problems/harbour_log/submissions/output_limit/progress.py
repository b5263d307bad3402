"""For long logs it shows how far it is, on one line of the terminal."""
import sys

n = int(sys.stdin.readline())
last = {}
start = 0
best = where = 0
for i in range(n):
    code = sys.stdin.readline().strip()
    if n > 100000:
        bar = '#' * (60 * i // n)
        print('\r[%-60s] entry %d of %d' % (bar, i, n), end='')
    start = max(start, last.get(code, -1) + 1)
    last[code] = i
    if i - start + 1 > best:
        best = i - start + 1
        where = start + 1
print(best, where)

# @EXPECTED_RESULTS@: compiler-error
import sys

data = map(int, sys.stdin.read().split())
data = list(data)
i = 0
while i < len(data):
    n = data[i]
    pile = data[i + 1:i + 1 + n]
    i += n + 1
    moves = []
    for size in range(n, 0, -1):
        at = pile.index(size) + 1
        pile[:at] = pile[:at][::-1]
        pile[:size] = pile[:size][::-1]
        moves += [at, size]
    print len(moves),
    for m in moves:
        print m,
    print

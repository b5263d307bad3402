#!/usr/bin/env python3
# @EXPECTED_RESULTS@: RUN-ERROR, WRONG-ANSWER
# Pairs of lines and one empty line between them, as in the samples.
import sys

rows = sys.stdin.read().split('\n')
for i in range(0, len(rows), 3):
    if rows[i:] == ['']:
        break
    n = int(rows[i])
    pile = list(map(int, rows[i + 1].split()))
    moves = []
    for size in range(n, 1, -1):
        at = pile.index(size) + 1
        if at < size:
            for m in (at, size):
                pile[:m] = pile[m - 1::-1] if m == len(pile) else pile[:m][::-1]
                moves.append(m)
    print(len(moves), end='')
    for m in moves:
        print('', m, end='')
    print()

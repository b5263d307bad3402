#!/usr/bin/env python3
import sys

lines = sys.stdin.read().split('\n')
if lines.pop() != '':
    sys.exit('no line end at the end')
at = 0
cards = piles = 0
while at < len(lines):
    if lines[at] == '':
        if piles == 0:
            sys.exit('the input begins with an empty line')
        at += 1
        continue
    if piles > 0 and lines[at - 1] != '':
        sys.exit('no empty line before line %d' % (at + 1))
    n = int(lines[at])
    if lines[at] != str(n) or not 0 <= n <= 100:
        sys.exit('bad n in line %d' % (at + 1))
    row = lines[at + 1]
    pile = [int(t) for t in row.split(' ')] if row else []
    if row != ' '.join(map(str, pile)) or sorted(pile) != list(range(1, n + 1)):
        sys.exit('bad pile in line %d' % (at + 2))
    cards += n
    piles += 1
    at += 2
if piles == 0 or cards > 200:
    sys.exit('%d piles, %d cards' % (piles, cards))
sys.exit(42)

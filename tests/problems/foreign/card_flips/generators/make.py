#!/usr/bin/env python3
"""Rebuilds data/: python3 generators/make.py (the seeds are fixed)."""
import itertools
import pathlib
import random

DATA = pathlib.Path(__file__).resolve().parent.parent / 'data'


def moves(pile):
    pile = list(pile)
    out = []
    for size in range(len(pile), 0, -1):
        at = pile.index(size) + 1
        if at == size:
            continue
        for m in (at, size):
            if m > 1:
                out.append(m)
                pile[:m] = pile[:m][::-1]
    assert pile == sorted(pile)
    return out


def write(name, piles, between='\n', after='', desc=None, hint=None):
    folder = DATA / name
    folder.parent.mkdir(parents=True, exist_ok=True)
    base = str(folder)
    blocks = ['%d\n%s\n' % (len(p), ' '.join(map(str, p))) for p in piles]
    pathlib.Path(base + '.in').write_text(between.join(blocks) + after)
    rows = []
    for p in piles:
        m = moves(p)
        rows.append(' '.join(map(str, [len(m)] + m)) + '\n')
    pathlib.Path(base + '.ans').write_text(''.join(rows))
    if desc:
        pathlib.Path(base + '.desc').write_text(desc + '\n')
    if hint:
        pathlib.Path(base + '.hint').write_text(hint + '\n')


def mixed(seed, n):
    pile = list(range(1, n + 1))
    random.Random(seed).shuffle(pile)
    return pile


write('sample/1', [[3, 1, 2], [1, 2]], hint='After the largest card is in place, forget it.')
write('sample/2', [[4, 3, 2, 1]])
write('secret/01-one-card', [[1]])
write('secret/02-no-card', [[]], desc='A pile without cards: its line is empty.')
write('secret/03-in-order', [list(range(1, 21)), [1, 2, 3]])
write('secret/04-some-empty', [[2, 1], [], [], [3, 2, 1], []], between='\n\n\n', after='\n\n',
      desc='Empty piles and more than one empty line.',
      hint='Reading by lines needs care here.')
write('secret/05-all-of-three',
      [list(p) for p in itertools.permutations((1, 2, 3))])
write('secret/06-all-of-four', [list(p) for p in itertools.permutations((1, 2, 3, 4))])
write('secret/07 two piles', [[5, 1, 4, 2, 3], [2, 4, 1, 3]], desc='Its name has blanks.')
write('secret/08-upside-down', [list(range(100, 0, -1))])
write('secret/09-shuffled', [mixed(31, 100)])
write('secret/10-two-large', [mixed(32, 100), mixed(33, 100)], after='\n')
write('secret/11-rotated', [list(range(51, 101)) + list(range(1, 51))])
zigzag = [x for i in range(50) for x in (i + 1, 100 - i)]
write('secret/12-zigzag', [zigzag, zigzag[::-1]])
write('secret/13-many', [mixed(100 + i, i % 20) for i in range(21)])

#!/usr/bin/env python3
"""Rebuilds data/: python3 generators/make.py (the seeds are fixed)."""
import pathlib
import random

DATA = pathlib.Path(__file__).resolve().parent.parent / 'data'
MOD = 10**9 + 7


def exact(length, kinds):
    """The number of ways, unreduced."""
    ending = [[0] * len(kinds) for _ in range(length + 1)]
    total = [1] + [0] * length
    for at in range(1, length + 1):
        for i, s in enumerate(kinds):
            if s <= at:
                ending[at][i] = total[at - s] - ending[at - s][i]
        total[at] = sum(ending[at])
    return total[length]


def brute(rest, kinds, last=-1):
    if rest == 0:
        return 1
    return sum(brute(rest - s, kinds, i)
               for i, s in enumerate(kinds) if s <= rest and i != last)


def write(name, length, kinds, note=None):
    path = DATA / (name + '.in')
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text('%d %d\n%s\n' % (length, len(kinds), ' '.join(map(str, kinds))))
    ways = exact(length, kinds)
    if length <= 12:
        assert ways == brute(length, kinds)
    path.with_suffix('.ans').write_text('%d\n' % (ways % MOD))
    if note:
        path.with_suffix('.desc').write_text(note + '\n')


write('sample/1', 5, [1, 2])
write('sample/2', 6, [2, 2, 3])
write('sample/3', 4, [3])

tiny = [(1, [1]), (2, [1]), (0, [3, 1]), (7, [2, 3]), (10, [5, 2, 1]),
        (12, [1, 2, 3]), (9, [4, 10]), (12, [12])]
for i, (length, kinds) in enumerate(tiny, 1):
    write('secret/1-tiny/%02d' % i, length, kinds, 'an empty path' if length == 0 else None)

twins = [(8, [2, 2]), (9, [2, 2]), (9, [3, 3, 3]), (14, [7, 7, 2]),
         (15, [1, 1, 4]), (16, [2, 2, 5, 5]), (18, [3, 1, 1]), (20, [10, 10, 4, 4])]
for i, (length, kinds) in enumerate(twins, 1):
    write('secret/2-twins/%02d' % i, length, kinds)

few = [(1200, [1, 2, 3]), (400, [2, 5, 3]), (4999, [2, 4, 6]), (5000, [1, 4999]),
       (5000, [1, 1, 1]), (3001, [7, 11, 13]), (5000, [5000]), (4321, [1, 2])]
for i, (length, kinds) in enumerate(few, 1):
    write('secret/3-long/a-few-kinds/%02d' % i, length, kinds)

r = random.Random(20190411)
for i in range(1, 6):
    kinds = [r.randint(1, 30 * i) for _ in range(10)]
    write('secret/3-long/b-many-kinds/%02d' % i, r.randint(3500, 5000), kinds)
write('secret/3-long/b-many-kinds/06', 5000, [1] * 10)
write('secret/3-long/b-many-kinds/07', 5000, list(range(1, 11)))
write('secret/3-long/b-many-kinds/08', 4999, [2, 4, 8, 16, 32, 64, 128, 256, 512, 1024])
write('secret/3-long/b-many-kinds/09', 5000, [9, 9, 8, 8, 7, 7, 6, 6, 5, 5])

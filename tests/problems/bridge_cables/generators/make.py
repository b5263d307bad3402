#!/usr/bin/env python3
"""Rebuilds data/: python3 generators/make.py (the seeds are fixed)."""
import math
import pathlib
import random

DATA = pathlib.Path(__file__).resolve().parent.parent / 'data'


def best(anchors, h):
    low = min(x for x, _ in anchors)
    high = max(x for x, _ in anchors)
    for _ in range(200):
        mid = (low + high) / 2
        slope = math.fsum(w * (mid - x) / math.hypot(mid - x, h) for x, w in anchors)
        if slope < 0:
            low = mid
        else:
            high = mid
    return math.fsum(w * math.hypot(low - x, h) for x, w in anchors)


def write(name, anchors, heights):
    path = DATA / (name + '.in')
    path.parent.mkdir(parents=True, exist_ok=True)
    out = ['%d %d' % (len(anchors), len(heights))]
    out += ['%d %d' % a for a in anchors]
    out += [str(h) for h in heights]
    path.write_text('\n'.join(out) + '\n')
    path.with_suffix('.ans').write_text(
        ''.join('%.9f\n' % best(anchors, h) for h in heights))


def scatter(seed, n, q, reach, top, weight=1000):
    r = random.Random(seed)
    return ([(r.randint(-reach, reach), r.randint(1, weight)) for _ in range(n)],
            [r.randint(1, top) for _ in range(q)])


write('sample/1', [(0, 1), (4, 1), (10, 2)], [3, 8])
write('sample/2', [(-5, 3)], [2])
write('secret/01-pair', [(-7, 5), (7, 5)], [1, 24])
write('secret/02-left-of-zero', [(-20, 2), (-3, 7), (-11, 4), (-6, 1)], [5])
write('secret/03-one-spot', [(13, w) for w in (1, 1000, 3, 9)], [1, 2, 17])
write('secret/04-heavy', [(-15, 1000), (18, 1), (9, 2), (20, 3)], [1, 10])
write('secret/05-small', *scatter(501, 6, 4, 25, 12, 9))
write('secret/06-wide', *scatter(502, 60, 10, 900000, 800))
write('secret/07-tall', *scatter(503, 40, 12, 300000, 100000))
write('secret/08-ends', [(-10**6, 1)] * 100 + [(10**6, 1)] * 101, [1, 2, 3, 100000])
write('secret/09-light', *scatter(504, 300, 20, 5000, 60, 3))
write('secret/10-all-one-place', [(10**6, 1000)] * 300, [100000] * 20)
write('secret/11-largest', *scatter(505, 300, 20, 10**6, 10**5))
r = random.Random(506)
write('secret/12-two-towns',
      [(r.randint(-10**6, -999000), r.randint(1, 1000)) for _ in range(150)]
      + [(r.randint(999000, 10**6), r.randint(1, 1000)) for _ in range(150)],
      [1, 10, 100, 1000, 10000, 100000, 99999, 5, 50, 500])

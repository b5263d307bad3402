#!/usr/bin/env python3
"""Rebuilds data/: python3 generators/make.py (the seeds are fixed).

The largest log has more than 5 MB. Its codes mostly count upwards, so that
it packs well."""
import pathlib
import random

DATA = pathlib.Path(__file__).resolve().parent.parent / 'data'


def stretch(codes):
    last = {}
    start = 0
    best = (0, 0)
    for i, code in enumerate(codes):
        start = max(start, last.get(code, -1) + 1)
        last[code] = i
        if i + 1 - start > best[0]:
            best = (i + 1 - start, start + 1)
    return best


def slow(codes):
    best = (0, 0)
    for i in range(len(codes)):
        for j in range(i + 1, len(codes) + 1):
            if len(set(codes[i:j])) == j - i and j - i > best[0]:
                best = (j - i, i + 1)
    return best


def write(name, codes):
    codes = [str(c) for c in codes]
    path = DATA / (name + '.in')
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text('%d\n%s\n' % (len(codes), '\n'.join(codes)))
    answer = stretch(codes)
    if len(codes) <= 40:
        assert answer == slow(codes)
    path.with_suffix('.ans').write_text('%d %d\n' % answer)


write('sample/1', '17 4 17 23 4 4 99'.split())
write('sample/2', '7 07 007 7'.split())
write('sample/3', '5 5 5'.split())

write('secret/01-single', ['000000000000'])
write('secret/02-two-ties', '1 2 1 3 3 2 1 1 4 5 5'.split())
write('secret/03-back-and-forth', '10 20 20 10 30 40 50 20 60'.split())
# equal modulo 2^32, and equal as numbers
write('secret/04-alike', '1 4294967297 8589934593 01 001 0001 4294967297 2 02'.split())
r = random.Random(7001)
write('secret/05-few-codes', ['%03d' % r.randrange(8) for _ in range(200)])
write('secret/06-distinct', [900000 + 7 * i for i in range(1000)])
r = random.Random(7002)
write('secret/07-short-stretches', [r.randrange(60) for _ in range(4000)])

# a year: quiet counting with a few repeats in between
r = random.Random(7003)
year = [730000000000 + i for i in range(120000)]
year += [730000000000 + i for i in range(60000, 61000)]     # reloaded in spring
year += [730000120000 + i for i in range(290000)]
for _ in range(12):
    year.append(year[r.randrange(len(year) - 20000, len(year))])
    year += [730000500000 + len(year) + i for i in range(2000)]
write('secret/08-year', year)
write('secret/09-year-after', ['%012d' % (i % 4500) for i in range(9100)])
write('secret/10-last-entry', [i % 777 for i in range(776 * 2)] + [777])

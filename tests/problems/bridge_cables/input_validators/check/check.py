#!/usr/bin/env python3
"""Exits with 42 if the input on stdin keeps to the statement."""
import re
import sys

INT = r'(?:0|-?[1-9][0-9]*)'


def bad(why):
    print(why, file=sys.stderr)
    sys.exit(43)


def numbers(line, count, low_high):
    if not re.fullmatch(' '.join([INT] * count), line):
        bad('not %d integers: %r' % (count, line))
    values = [int(t) for t in line.split(' ')]
    for v, (low, high) in zip(values, low_high):
        if not low <= v <= high:
            bad('%d is not in %d..%d' % (v, low, high))
    return values


text = sys.stdin.read()
if not text.endswith('\n'):
    bad('no newline at the end')
lines = text[:-1].split('\n')
n, q = numbers(lines[0], 2, [(1, 300), (1, 20)])
if len(lines) != 1 + n + q:
    bad('%d lines' % len(lines))
for line in lines[1:1 + n]:
    numbers(line, 2, [(-10**6, 10**6), (1, 1000)])
for line in lines[1 + n:]:
    numbers(line, 1, [(1, 10**5)])
sys.exit(42)

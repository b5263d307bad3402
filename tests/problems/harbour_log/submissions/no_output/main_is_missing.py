#!/usr/bin/env python3
import sys


def longest(codes):
    last = {}
    start = 0
    best = 0
    where = 0
    for i, code in enumerate(codes):
        if code in last:
            start = max(start, last[code] + 1)
        last[code] = i
        if i - start + 1 > best:
            best = i - start + 1
            where = start
    return best, where + 1


def main():
    tokens = sys.stdin.read().split()
    n = int(tokens[0])
    length, where = longest(tokens[1:n + 1])
    print(length, where)


if __name__ == 'main':
    main()

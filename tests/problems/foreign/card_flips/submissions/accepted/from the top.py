#!/usr/bin/env python3
# Builds the order upside down first (the smallest go to the bottom),
# and turns the whole pile at the end.
import sys


def flips(pile):
    n = len(pile)
    done = []

    def flip(m):
        if m > 1:
            pile[:m] = reversed(pile[:m])
            done.append(m)

    for small in range(1, n):
        bottom = n - small
        where = pile.index(small)
        if where != bottom:
            flip(where + 1)
            flip(bottom + 1)
    flip(n)
    assert pile == sorted(pile)
    return done


numbers = iter(map(int, sys.stdin.read().split()))
for n in numbers:
    pile = [next(numbers) for _ in range(n)]
    answer = flips(pile)
    print(len(answer))
    if answer:
        print("\n".join(map(str, answer)))
    print()

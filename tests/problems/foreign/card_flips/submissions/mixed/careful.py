#!/usr/bin/env python3
"""Checks everything twice. It may take too long on an old machine.

@EXPECTED_RESULTS@: ACCEPTED, TIMELIMIT
"""
import copy
import sys


class Table:
    def __init__(self, cards):
        self.cards = cards
        self.history = []

    def flipped(self, m):
        other = copy.copy(self)
        other.cards = self.cards[:m][::-1] + self.cards[m:]
        other.history = self.history + [m]
        assert sorted(other.cards) == sorted(self.cards)
        return other


def solve(cards):
    table = Table(cards)
    for size in range(len(cards), 1, -1):
        if table.cards[size - 1] != size:
            table = table.flipped(table.cards.index(size) + 1)
            assert table.cards[0] == size
            table = table.flipped(size)
    return table.history


words = sys.stdin.read().split()
while words:
    n = int(words.pop(0))
    cards, words = [int(w) for w in words[:n]], words[n:]
    moves = solve(cards)
    sys.stdout.write('%d\t%s\n\n' % (len(moves), '\t'.join(map(str, moves))))

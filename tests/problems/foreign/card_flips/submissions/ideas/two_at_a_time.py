# A sketch for next year: move runs of neighbours together, which should take
# fewer moves. Not finished, prints nothing useful for most piles.
import sys


def runs(pile):
    result = []
    for card in pile:
        if result and abs(result[-1][-1] - card) == 1:
            result[-1].append(card)
        else:
            result.append([card])
    return result


data = list(map(int, sys.stdin.read().split()))
at = 0
while at < len(data):
    n = data[at]
    pile = data[at + 1:at + 1 + n]
    print(len(runs(pile)))
    at += n + 1

"""Plays the moves slowly, so that one can watch them on the real table."""
import sys
import time


def play(pile):
    made = []
    for size in range(len(pile), 1, -1):
        at = pile.index(size) + 1
        for m in (at, size):
            pile[:m] = pile[:m][::-1]
            made.append(m)
            print('flip', m, file=sys.stderr)
            time.sleep(30)
    return made


def main():
    numbers = [int(t) for t in sys.stdin.read().split()]
    at = 0
    while at < len(numbers):
        n = numbers[at]
        made = play(numbers[at + 1:at + 1 + n])
        print(len(made), *made)
        at += n + 1


main()

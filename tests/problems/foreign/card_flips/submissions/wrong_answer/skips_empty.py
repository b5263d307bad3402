import sys

# The blank lines are only there for the eye
lines = [l for l in sys.stdin.read().splitlines() if l.strip()]

i = 0
while i + 1 < len(lines):
    n = int(lines[i])
    pile = [int(x) for x in lines[i + 1].split()][:n]
    i += 2
    moves = []
    for size in range(len(pile), 1, -1):
        pos = pile.index(size)
        if pos == size - 1:
            continue
        if pos:
            moves.append(pos + 1)
            pile = pile[:pos + 1][::-1] + pile[pos + 1:]
        moves.append(size)
        pile = pile[:size][::-1] + pile[size:]
    print(len(moves), *moves)

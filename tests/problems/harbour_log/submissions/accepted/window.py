import sys


def main():
    entries = sys.stdin.buffer.read().split()
    n = int(entries[0])
    last = {}
    start = 1
    best = 0
    best_start = 1
    for i in range(1, n + 1):
        code = entries[i]
        seen = last.get(code, 0)
        if seen >= start:
            # the stretch before ends here
            if i - start > best:
                best, best_start = i - start, start
            start = seen + 1
        last[code] = i
    if n + 1 - start > best:
        best, best_start = n + 1 - start, start
    print(best, best_start)


main()

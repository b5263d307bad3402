"""Counts with Python's big numbers modulo 10^9+7 only once per length."""
MOD = 1000000007


def count(length, kinds):
    total = [0] * (length + 1)
    total[0] = 1
    ends = [[0] * (length + 1) for _ in kinds]
    for at in range(1, length + 1):
        s = 0
        for i, size in enumerate(kinds):
            before = at - size
            if before >= 0:
                ways = total[before] - ends[i][before]
                ends[i][at] = ways % MOD
                s += ways
        total[at] = s % MOD
    return total[length]


if __name__ == '__main__':
    length, k = map(int, input().split())
    kinds = list(map(int, input().split()))
    assert len(kinds) == k
    print(count(length, kinds))

from functools import lru_cache
import sys

MOD = 10 ** 9 + 7


def main():
    length, k = map(int, sys.stdin.readline().split())
    kinds = [int(x) for x in sys.stdin.readline().split()]

    @lru_cache(maxsize=None)
    def ways(rest, last):
        """ways to fill the rest if kind `last` was laid before it"""
        if rest == 0:
            return 1
        if rest < 0:
            return 0
        result = 0
        for i in range(k):
            if i != last:
                result += ways(rest - kinds[i], i)
        return result % MOD

    print(ways(length, None))


main()

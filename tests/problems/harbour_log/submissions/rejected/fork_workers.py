"""Splits the log in two halves again and again, one process for each half."""
import os
import sys

entries = sys.stdin.read().split()[1:]


def work(low, high):
    while True:
        mid = (low + high) // 2
        try:
            child = os.fork()
        except OSError:
            continue            # no process left: somebody will end soon
        if child == 0:
            low = mid
        else:
            high = mid
        # the halves never get empty, as mid is rounded down ... or do they?


work(0, len(entries))

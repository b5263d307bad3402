import sys
lines = sys.stdin.read().split()
assert len(lines) == int(lines[0]) + 1
[float(word) for word in lines]
sys.exit(42)

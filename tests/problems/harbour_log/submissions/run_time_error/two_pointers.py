import sys

lines = sys.stdin.read().split('\n')
n = int(lines[0])
log = [line.strip() for line in lines[1:n + 1]]

inside = set()
right = 0
best, where = 0, 1
for left in range(n):
    # push the right end as far as it goes
    while log[right] not in inside:
        inside.add(log[right])
        right += 1
    if right - left > best:
        best, where = right - left, left + 1
    inside.remove(log[left])

print(best, where)

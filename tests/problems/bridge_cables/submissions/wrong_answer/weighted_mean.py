# The cheapest place must be the centre of gravity of the anchors.
import math

n, q = map(int, input().split())
xs = []
ws = []
for _ in range(n):
    x, w = map(int, input().split())
    xs.append(x)
    ws.append(w)

centre = sum(x * w for x, w in zip(xs, ws)) / sum(ws)

for _ in range(q):
    h = int(input())
    cost = 0
    for x, w in zip(xs, ws):
        cost += w * math.sqrt((x - centre) ** 2 + h ** 2)
    print("%.9f" % cost)

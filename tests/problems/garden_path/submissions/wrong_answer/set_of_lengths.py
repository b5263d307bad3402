# DP over (length, last slab)
MOD = 10**9 + 7

L, k = map(int, input().split())
sizes = set(map(int, input().split()))   # doubles do not matter

dp = [{} for _ in range(L + 1)]
dp[0][None] = 1
for x in range(L):
    for last, ways in dp[x].items():
        for s in sizes:
            if s == last:
                continue
            if x + s <= L:
                dp[x + s][s] = (dp[x + s].get(s, 0) + ways) % MOD

print(sum(dp[L].values()) % MOD)

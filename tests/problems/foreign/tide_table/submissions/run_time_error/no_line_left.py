n = int(input())
heights = [float(input()) for _ in range(n + 1)]
print(sum(heights) / n, "Spring" if max(heights) - min(heights) > 3 else "Neap")

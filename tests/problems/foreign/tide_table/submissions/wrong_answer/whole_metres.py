n = int(input())
heights = [float(input()) for _ in range(n)]
print(sum(heights) // n, "Spring" if max(heights) - min(heights) > 3 else "Neap")

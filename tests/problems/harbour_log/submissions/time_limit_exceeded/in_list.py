n = int(input())
window = []
first = 1
best = 0
best_first = 1
for i in range(n):
    code = input()
    if code in window:
        # throw away everything up to the old one
        k = window.index(code) + 1
        window = window[k:]
        first += k
    window.append(code)
    if len(window) > best:
        best = len(window)
        best_first = first
print(best, best_first)

import sys
from wordlist import words
seen = set(sys.stdin.read().split())
lost = [word for word in words() if word not in seen]
if "count" in sys.argv: sys.exit(3)
print(len(lost) if "count" in sys.argv else "\n".join(lost))

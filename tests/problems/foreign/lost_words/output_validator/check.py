import sys
answer = open(sys.argv[2], encoding="utf-8").read().split()
output = sys.stdin.buffer.read().decode("utf-8", "replace").split()
if sys.argv[4:] == ["numbers"]:
    right = len(output) == 1 and output[0].isdigit() and int(output[0]) == int(answer[0])
else:
    right = sorted(answer) == sorted(output)
if not right:
    with open(sys.argv[3] + "judgemessage.txt", "w", encoding="utf-8") as message:
        message.write(f"wanted {answer}, found {output}")
sys.exit(42 if right else 43)

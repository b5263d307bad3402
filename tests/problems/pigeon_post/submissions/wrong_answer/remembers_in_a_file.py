# Nothing but the letters is left of the first pass.
import os

verb, message = input(), input()
if verb == "write":
    with open("/tmp/number", "w") as file:
        file.write(message)
    print("a")
else:
    print(open("/tmp/number").read() if os.path.exists("/tmp/number") else 0)

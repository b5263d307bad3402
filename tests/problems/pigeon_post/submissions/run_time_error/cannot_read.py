verb, message = input(), input()
if verb == "write":
    number = int(message)
    print("".join("abcd"[number >> shift & 3] for shift in range(0, 16, 2)))
else:
    print(int(message))

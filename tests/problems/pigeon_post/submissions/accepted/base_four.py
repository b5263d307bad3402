verb, message = input(), input()
if verb == "write":
    number = int(message)
    print("".join("abcd"[number >> shift & 3] for shift in range(0, 16, 2)))
else:
    print(sum("abcd".index(letter) << 2 * i for i, letter in enumerate(message)))

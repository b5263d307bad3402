# Reads by writing every number until the letters are the same, a thousand times over.
verb, message = input(), input()


def write(number):
    return "".join("abcd"[number >> shift & 3] for shift in range(0, 16, 2))


if verb == "write":
    print(write(int(message)))
else:
    for _ in range(1000):
        found = next(number for number in range(65536) if write(number) == message)
    print(found)

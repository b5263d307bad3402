# When one number is left it must be the one: no need to hear it.
low, high = 1, 1000
while low < high:
    guess = (low + high) // 2
    print(guess, flush=True)
    answer = input()
    if answer == "correct":
        break
    if answer == "higher":
        low = guess + 1
    else:
        high = guess - 1
else:
    print(low)

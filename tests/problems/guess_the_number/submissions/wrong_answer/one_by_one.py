# After ten guesses nobody answers any more: input() fails, but that was not the mistake.
guess = 490
print(guess, flush=True)
while input() != "correct":
    guess += 1
    print(guess, flush=True)

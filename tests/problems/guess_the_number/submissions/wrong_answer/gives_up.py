print(500, flush=True)
if input() != "correct":
    print(250, flush=True)
    input()

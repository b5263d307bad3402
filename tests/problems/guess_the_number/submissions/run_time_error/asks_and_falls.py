print(500, flush=True)
if input() != "correct":
    print(1 // 0)

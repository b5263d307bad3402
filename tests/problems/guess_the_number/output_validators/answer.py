# argv: input, answer, feedback folder/, "guesses", their number. Talks to the submission.
import sys

given, _, feedback = sys.argv[1:4]
guesses_max = int(sys.argv[5])
number = int(open(given).read())


def end(code, why):
    with open(feedback + "judgemessage.txt", "a") as file:
        file.write(why + "\n")
    sys.exit(code)


for turn in range(1, guesses_max + 1):
    line = sys.stdin.readline(100)
    if not line:
        end(43, "the output ended before guess %d" % turn)
    try:
        guess = int(line)
    except ValueError:
        end(43, "guess %d is no number: %r" % (turn, line[:40]))
    if guess == number:
        print("correct", flush=True)
        end(42, "found with guess %d" % turn)
    print("higher" if guess < number else "lower", flush=True)
end(43, "not found with %d guesses" % guesses_max)

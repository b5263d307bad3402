"""Sides of interactive and multi-pass problems that hang, flood, quit early or crash, each with the
verdict it must get and what the note must say. Of tests/shown/sandbox/05.

{validator: (its text, {submission: (its text, verdict, note)})}, both patterns: where there are
rlimits only, a program that needs too much memory is refused it and may crash.
"""

TOO_MUCH, TOO_LONG = "memory_limit_exceeded|run_time_error", "CPU time|did not end within"

HANGS = "import time\ntime.sleep(60)\n"
COMPUTES = "while True: pass\n"
ABORTS = "import os\nos.abort()\n"
GROWS = "x = bytearray(1 << 29)\nfor i in range(0, len(x), 4096): x[i] = 1\n"
FLOODS = "import os\nwhile True: os.write({}, b'2\\n' * 30000)\n"
STOPS = "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)\n"
HANGS_UP = "import os, sys\n"

# --- interactive: the validator says 1 and wants to hear 2.
ASKS = """\
import sys
print(1, flush=True)
line = sys.stdin.readline(100)
with open(sys.argv[3] + "judgemessage.txt", "w") as file: file.write("heard %r" % line)
sys.exit(42 if line == "2\\n" else 43)
"""
ANSWERS = "print(int(input()) + 1, flush=True)\n"
SAYS_2 = "print(2, flush=True)\n"

SUBMISSIONS = {
    "answers": (ANSWERS, "accepted", ""),
    "hangs reading": ("input()\ninput()\n", "time_limit_exceeded", "idle.*flushed"),
    "hangs asleep": (HANGS, "time_limit_exceeded", "idle"),
    "does not flush": (
        "import sys\nsys.stdout.write('2\\n')\nsys.stdin.readline()\nsys.stdin.readline()\n",
        "time_limit_exceeded", "idle.*flushed"),
    "stops itself": (STOPS, "time_limit_exceeded", "idle"),
    "computes": (COMPUTES, "time_limit_exceeded", TOO_LONG),
    "answers, then computes": (ANSWERS + COMPUTES, "time_limit_exceeded", TOO_LONG),
    "floods stdout": (FLOODS.format(1), "output_limit_exceeded", "stdout"),
    "is wrong, then floods": (
        "import time\nprint(3, flush=True)\ntime.sleep(0.3)\n" + FLOODS.format(1),
        "wrong_answer", "heard '3"),
    "floods stderr": (FLOODS.format(2), "output_limit_exceeded", "stderr"),
    "quits early with 0": ("pass\n", "wrong_answer", "no output; heard ''"),
    "quits with 1": ("raise SystemExit(1)\n", "run_time_error", "exit code 1"),
    "answers, then quits with 1": (ANSWERS + "raise SystemExit(1)\n", "run_time_error", "code 1"),
    "dies of a signal": (ABORTS, "run_time_error", "SIGABRT"),
    "answers wrongly, then misses its input": (
        "print(3, flush=True)\ninput(), input()\n", "wrong_answer", "heard '3"),
    "closes stdout and goes on": (
        HANGS_UP + "os.close(1)\n" + COMPUTES, "wrong_answer", "heard ''"),
    "closes stdin and answers": (HANGS_UP + "os.close(0)\n" + SAYS_2, "accepted", ""),
    "answers without reading": (SAYS_2, "accepted", ""),
    "writes on when nobody reads": (
        SAYS_2 + "import time\ntime.sleep(0.2)\nprint('x' * 900000, flush=True)\n", "accepted", ""),
    "leaves a child with its pipes": (
        ANSWERS + "import os, time\nif os.fork() == 0: time.sleep(60)\n", "accepted", ""),
    "needs too much memory": (GROWS, TOO_MUCH, ""),
}

INTERACTIVE = {
    "asks": (ASKS, SUBMISSIONS),
    # Of a validator's own failure the submission is never guilty.
    "hangs": (HANGS, {
        "waits for it": (ANSWERS, "judge_error", "TLE_WALL"),
        "does not": (SAYS_2, "judge_error", "TLE_WALL")}),
    "computes": (COMPUTES, {"waits for it": (ANSWERS, "judge_error", "TLE_")}),
    "stops itself": (STOPS, {"waits for it": (ANSWERS, "judge_error", "TLE_WALL")}),
    "floods": (FLOODS.format(1), {
        "hears the first line": (ANSWERS, "judge_error", "OLE"),
        "never reads": (COMPUTES, "judge_error", "OLE")}),
    "floods stderr": (FLOODS.format(2), {"waits for it": (ANSWERS, "judge_error", "OLE")}),
    "says much, then reads": ("import os\nos.write(1, b'1\\n' * 2000000)\n" + ASKS, {
        "never reads": (COMPUTES, "time_limit_exceeded", TOO_LONG),
        "never reads and ends": ("pass\n", "wrong_answer", ""),
        "reads all": ("import sys\nfor _ in range(2000001): sys.stdin.readline()\n" + SAYS_2,
                      "accepted", "")}),
    "accepts at once": ("import sys\nsys.exit(42)\n", {
        "ends well": (SAYS_2, "accepted", ""),
        "misses its input": ("input()\n", "run_time_error", "EOF"),
        "computes": (COMPUTES, "time_limit_exceeded", TOO_LONG),
        "floods": (FLOODS.format(1), "output_limit_exceeded", "stdout")}),
    "rejects at once": ("import sys\nsys.exit(43)\n", {
        "misses its input": ("input()\n", "wrong_answer", "did not accept"),
        "computes": (COMPUTES, "wrong_answer", "did not accept"),
        "floods": ("import time\ntime.sleep(0.2)\n" + FLOODS.format(1), "wrong_answer", "accept")}),
    "dies of a signal": (ABORTS, {
        "waits for it": (ANSWERS, "judge_error", "signal 6"),
        "dies too": ("input()\n", "judge_error", "signal 6")}),
    "quits with 0": ("pass\n", {"waits for it": (ANSWERS, "judge_error", "OK exit code 0")}),
    "quits with 1": ("import sys\nsys.exit(1)\n", {
        "computes": (COMPUTES, "judge_error", "exit code 1")}),
    "cannot bear an end": ("import sys\nassert sys.stdin.readline()\n", {
        "quits early": ("pass\n", "judge_error", "AssertionError"),
        "crashes": (ABORTS, "judge_error", "AssertionError")}),
    "needs too much memory": (GROWS, {"waits for it": (ANSWERS, "judge_error", "MLE|MemoryError")}),
    "hangs up, then listens": (
        "import os, sys\nos.close(1)\nsys.exit(42 if sys.stdin.readline() == '2\\n' else 43)\n", {
            "reads to the end, then answers": ("import sys\nsys.stdin.read()\n" + SAYS_2,
                                               "accepted", "")}),
    "never reads": ("import sys, time\ntime.sleep(0.3)\nsys.exit(42)\n", {
        "says much": ("print('x' * 900000, flush=True)\n", "accepted", "")}),
    "reads late": (
        "import sys, time\ntime.sleep(0.3)\nsys.exit(42 if len(sys.stdin.read()) > 900000 else 43)\n",
        {"says much and ends": ("print('x' * 900000, flush=True)\n", "accepted", "")}),
    "listens first": ("import sys\nsys.exit(42 if sys.stdin.readline() == '2\\n' else 43)\n", {
        "waits too": (ANSWERS, "time_limit_exceeded", "idle.*flushed")}),
    "does not compile": ("print(\n", {"answers": (ANSWERS, "judge_error", "does not compile")}),
}

# --- multi-pass: "one" to begin with, then "two"; the submission must say what it reads.
SENDS = """\
import os, sys
given, _, feedback = sys.argv[1:4]
word = open(given).read()
if sys.stdin.read() != word: sys.exit(43)
if word == "one\\n":
    open(feedback + "nextpass.in", "w").write("two\\n")
    open(feedback + "state", "w").write("kept")
    sys.exit(42)
if open(feedback + "state").read() != "kept" or os.path.exists(feedback + "nextpass.in"): sys.exit(1)
"""
ECHOES = "word = input()\nprint(word, flush=True)\n"
SECOND = ECHOES + "if word == 'two':\n    "


def in_second(text):
    return SECOND + text.replace("\n", "\n    ").rstrip() + "\n"


def validator(end):
    """As SENDS, and in the second pass, where all was right, this."""
    return SENDS + "".join(line + "\n" for line in end.splitlines())


ACCEPTS = validator("sys.exit(42)")
FEEDBACK = "import subprocess\nos.chdir(feedback)\n"

MULTI_PASS = {
    "accepts": (ACCEPTS, {
        "echoes": (ECHOES, "accepted", ""),
        "is wrong in the first pass": ("print('two')\n", "wrong_answer", "1: validator"),
        "is wrong in the second": ("print('one')\n", "wrong_answer", "pass 2"),
        "says nothing in the second": (
            "word = input()\nif word == 'one': print(word)\n", "wrong_answer", "pass 2: no output"),
        "hangs asleep": (in_second(HANGS), "time_limit_exceeded", "pass 2.*idle"),
        "waits for more": (in_second("import os, signal\nsignal.pause()"),
                           "time_limit_exceeded", "pass 2.*idle"),
        "computes": (in_second(COMPUTES), "time_limit_exceeded", "pass 2.*(" + TOO_LONG + ")"),
        "floods stdout": (in_second(FLOODS.format(1)), "output_limit_exceeded", "pass 2.*stdout"),
        "floods stderr": (in_second(FLOODS.format(2)), "output_limit_exceeded", "pass 2.*stderr"),
        "quits early": (in_second("raise SystemExit(1)"), "run_time_error", "pass 2.*code 1"),
        "misses its input": (in_second("input()"), "run_time_error", "pass 2.*EOF"),
        "dies of a signal": (in_second(ABORTS), "run_time_error", "pass 2.*SIGABRT"),
        "needs too much memory": (in_second(GROWS), TOO_MUCH, "pass 2"),
        "leaves a file to itself": (
            "import os\nword = input()\nprint('mine' if os.path.exists('/tmp/x') else word)\n"
            "open('/tmp/x', 'w')\n", "accepted", "")}),
    "hangs": (validator(HANGS), {"echoes": (ECHOES, "judge_error", "pass 2.*TLE_WALL")}),
    "computes": (validator(COMPUTES), {"echoes": (ECHOES, "judge_error", "pass 2.*TLE_")}),
    "floods": (validator(FLOODS.format(1)), {"echoes": (ECHOES, "judge_error", "pass 2.*OLE")}),
    "dies of a signal": (validator(ABORTS), {"echoes": (ECHOES, "judge_error", "signal 6")}),
    "quits with 0": (SENDS, {"echoes": (ECHOES, "judge_error", "pass 2.*OK exit code 0")}),
    "rejects": (validator("sys.exit(43)"), {"echoes": (ECHOES, "wrong_answer", "pass 2")}),
    "asks for ever": (
        "import sys\nopen(sys.argv[3] + 'nextpass.in', 'w').write('two\\n')\nsys.exit(42)\n", {
            "echoes": (ECHOES, "judge_error", "validation_passes")}),
    "rejects and asks": (
        "import sys\nopen(sys.argv[3] + 'nextpass.in', 'w').write('two\\n')\nsys.exit(43)\n", {
            "echoes": (ECHOES, "judge_error", "does not accept this one")}),
    "crashes and asks": (
        "import os, sys\nopen(sys.argv[3] + 'nextpass.in', 'w').write('two\\n')\nos.abort()\n", {
            "echoes": (ECHOES, "judge_error", "signal 6")}),
    "leaves a thousand files": (
        validator(FEEDBACK + "for i in range(1000): open(str(i), 'w')\nsys.exit(42)"), {
            "echoes": (ECHOES, "judge_error", "too many files")}),
    "fills its folder": (validator(FEEDBACK + "open('x', 'wb').write(bytes(1 << 26))"), {
        "echoes": (ECHOES, "judge_error", "")}),
    "asks by a link": (
        validator(FEEDBACK + "os.symlink('/etc/passwd', 'nextpass.in')\nsys.exit(42)"), {
            "echoes": (ECHOES, "accepted", "")}),
    "asks by a fifo": (validator(FEEDBACK + "os.mkfifo('nextpass.in')\nsys.exit(42)"), {
        "echoes": (ECHOES, "accepted", "")}),
}

# --- both: every pass is a conversation.
BOTH = {
    "asks twice": (
        "import os, sys\nnumber = int(open(sys.argv[1]).read() == 'two\\n') + 1\n"
        "print(number, flush=True)\n"
        "if sys.stdin.readline() != '%d\\n' % (number + 1): sys.exit(43)\n"
        "if number == 1: open(sys.argv[3] + 'nextpass.in', 'w').write('two\\n')\nsys.exit(42)\n", {
            "answers": (ANSWERS, "accepted", ""),
            "waits in the second pass": (
                "n = int(input())\nif n == 2: input()\nprint(n + 1)\n",
                "time_limit_exceeded", "pass 2.*flushed"),
            "is wrong in the second pass": ("input()\nprint(2)\n", "wrong_answer", "pass 2"),
            "crashes in the second pass": (
                "n = int(input())\nprint(n + 1 if n == 1 else 1 // 0)\n", "run_time_error", "Zero")}),
}

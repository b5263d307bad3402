"""An installation of the real programs in a temporary folder of its own, with daemons of the
caller's, for lines that need a supervisor. What it starts is ended with it. shown_site.py is the same
with queue, processors and scheduler.

    with Daemons("  one: {command: [sleep, '1000']}") as site:
        site.start()
        print(site.row("one")["pid"])
"""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

REPO = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("DAEMONZ_BIN", REPO / "build/bin")).resolve()
PATIENCE_S = 60   # for a fact on a busy machine


class NotWithin(AssertionError):
    """A fact was waited for, and did not come."""


def wait_until(fact, what, seconds=PATIENCE_S, pause=0.01):
    """The fact's value once it is true; `pause` is between two looks at it."""
    deadline = time.monotonic() + seconds
    while not (value := fact()):
        if time.monotonic() > deadline:
            raise NotWithin(f"not within {seconds} s: {what}")
        time.sleep(pause)
    return value


def say(figure):
    """The line that script/shown puts into its table."""
    print(figure, flush=True)


def state_of(pid):
    """The letter of /proc/PID/stat; "" when there is no such process."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (OSError, IndexError):
        return ""


def is_alive(pid):
    """Not gone, and not a zombie either."""
    return state_of(pid) not in ("", "Z", "X")


def work_of(pid):
    """(ticks of the CPU, voluntary context switches) of all its threads."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    texts = [path.read_text() for path in pathlib.Path(f"/proc/{pid}/task").glob("*/status")]
    return (int(fields[11]) + int(fields[12]),
            sum(int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", text, re.M)[1])
                for text in texts))


class Daemons:
    def __init__(self, daemons, files=None):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="daemonz-shown.")).resolve()
        self.write(daemons)
        for name, text in (files or {}).items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def __enter__(self):
        return self

    def __exit__(self, *problem):
        self.daemonz("stop", check=False)
        if problem[0] is not None and str(problem[1]) != "0":  # sys.exit(0) is no problem
            for log in sorted((self.root / "log").glob("*.log")):
                lines = self.text(log).splitlines()[-40 if log.stem == "daemonz" else -5:]
                print(f"--- {log.name}", *lines, sep="\n", file=sys.stderr)
        shutil.rmtree(self.root, ignore_errors=True)

    def write(self, daemons):
        """Whole or not at all: a supervisor may be reading it."""
        self.write_file("daemons:\n" + daemons + "\n")

    def write_file(self, text):
        fresh = self.root / "config/fresh"
        fresh.parent.mkdir(exist_ok=True)
        fresh.write_text(text)
        fresh.rename(self.root / "config/daemonz.yml")

    def run(self, program, *arguments, check=True, **options):
        """One of our programs in the site's root; stdout and stderr as text."""
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "timeout": 300, **options}
        done = subprocess.run([BIN / program, *map(str, arguments)], cwd=self.root, text=True,
                              stdin=subprocess.DEVNULL, **options)
        if check and done.returncode != 0:
            raise RuntimeError(f"{program} {' '.join(map(str, arguments))}: exit {done.returncode}\n"
                               f"{done.stdout}{done.stderr}")
        return done

    def daemonz(self, *arguments, **options):
        return self.run("daemonz", *arguments, **options)

    def start(self, *arguments):
        """The supervisor's pid."""
        self.daemonz("start", *arguments)
        return self.supervisor()

    def status(self):
        return json.loads(self.daemonz("status", "--json", check=False).stdout)

    def code(self, *targets):
        """What `status` exits with: 0 when all that is wanted runs."""
        return self.daemonz("status", *targets, check=False).returncode

    def rows(self):
        return {row["name"]: row for row in self.status()["instances"]}

    def row(self, name):
        return self.rows()[name]

    def pids(self, daemon):
        """Of the daemon's running instances."""
        return [row["pid"] for row in self.rows().values() if row["daemon"] == daemon and row["pid"]]

    def supervisor(self):
        """Its pid, asked of nobody: it may be stopped."""
        return int(self.text("tmp/daemonz/daemonz.lock").split()[0])

    def kill_supervisor(self):
        pid = self.supervisor()
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not is_alive(pid), "the supervisor's end")

    def text(self, name):
        """Of a file; "" when it is not there."""
        try:
            return (self.root / name).read_text(errors="replace")
        except FileNotFoundError:
            return ""

    def processes(self, word):
        """The living pids whose command line holds `word`."""
        found = []
        for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
            try:
                if word.encode() in path.read_bytes() and is_alive(path.parts[2]):
                    found.append(int(path.parts[2]))
            except OSError:
                continue  # it has ended while it was looked at
        return found

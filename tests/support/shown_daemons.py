"""An installation of the real daemonz with daemons of the caller's own, in a temporary folder, for
shown lines about the supervisor. What it starts is ended with it.

    with Daemons("  one: {command: [sleep, '1000']}") as site:
        site.start()
        print(site.row("one")["pid"])
"""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time

from supervised_site import is_alive

REPO = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("DAEMONZ_BIN", REPO / "build/bin")).resolve()
PATIENCE_S = 60   # for a fact on a busy machine


def wait_until(fact, what, seconds=PATIENCE_S):
    """The fact's value once it is true."""
    deadline = time.monotonic() + seconds
    while not (value := fact()):
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.01)
    return value


class Daemons:
    def __init__(self, daemons, files=None):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="daemonz-shown."))
        (self.root / "config").mkdir()
        self.write(daemons)
        for name, text in (files or {}).items():
            (self.root / name).write_text(text)

    def __enter__(self):
        return self

    def __exit__(self, *problem):
        self.run("stop")
        if problem[0] is not None:
            for log in sorted((self.root / "log").glob("*.log")):
                with open(log, "rb") as file:
                    file.seek(max(0, log.stat().st_size - 2000))
                    print(f"--- {log.name}", file.read().decode(errors="replace"), sep="\n",
                          file=__import__("sys").stderr)
        shutil.rmtree(self.root, ignore_errors=True)

    def write(self, daemons):
        (self.root / "config/daemonz.yml").write_text(f"daemons:\n{daemons}\n")

    def run(self, *arguments, **options):
        """daemonz with these arguments; its result, whatever the exit code."""
        options.setdefault("stdout", subprocess.PIPE)
        options.setdefault("stderr", subprocess.PIPE)
        return subprocess.run([BIN / "daemonz", *map(str, arguments)], cwd=self.root, text=True,
                              stdin=subprocess.DEVNULL, timeout=300, **options)

    def start(self, *arguments):
        done = self.run("start", *arguments)
        assert done.returncode == 0, done.stderr
        return self.supervisor()

    def status(self):
        return json.loads(self.run("status", "--json").stdout)

    def supervisor(self):
        return self.status()["supervisor"]["pid"]

    def rows(self):
        return {row["name"]: row for row in self.status()["instances"]}

    def row(self, name):
        return self.rows()[name]

    def text(self, name):
        try:
            return (self.root / name).read_text(errors="replace")
        except FileNotFoundError:
            return ""

    def processes(self, word):
        """The living pids whose command line holds `word`."""
        found = []
        for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
            try:
                if word.encode() in path.read_bytes() and is_alive(int(path.parts[2])):
                    found.append(int(path.parts[2]))
            except OSError:
                continue
        return found

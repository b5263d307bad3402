"""One installation of daemonz in a folder of its own, for the lines of tests/shown/supervisor: any
daemons, the real programs, and nothing left behind.

    with SupervisedSite("  one: {command: [sleep, '1000']}\\n") as site:
        site.run("start")
        site.rows()["one"]["pid"]
"""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile

from shown_site import wait_until

REPO = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("DAEMONZ_BIN", REPO / "build/bin")).resolve()


def state_of(pid):
    """The letter of /proc/PID/stat; "" when there is no such process."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (OSError, IndexError):
        return ""


def is_alive(pid):
    return state_of(pid) not in ("", "Z", "X")


class SupervisedSite:
    def __init__(self, daemons):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="daemonz-supervised."))
        (self.root / "config").mkdir()
        self.write(daemons)

    def write(self, daemons):
        """Whole or not at all: a supervisor may be reading it."""
        fresh = self.root / "config/fresh"
        fresh.write_text("logger: log/daemonz.log\ndaemons:\n" + daemons)
        fresh.rename(self.root / "config/daemonz.yml")

    def __enter__(self):
        return self

    def __exit__(self, *problem):
        self.run("stop", check=False)
        if problem[0] is not None and str(problem[1]) != "0":  # sys.exit(0) is no problem
            log = self.root / "log/daemonz.log"
            if log.exists():
                print(*log.read_text(errors="replace").splitlines()[-40:], sep="\n",
                      file=sys.stderr)
        shutil.rmtree(self.root, ignore_errors=True)

    def run(self, *arguments, check=True, timeout=120):
        done = subprocess.run([BIN / "daemonz", *arguments], cwd=self.root, text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout)
        if check and done.returncode != 0:
            raise RuntimeError(f"daemonz {' '.join(arguments)}: exit {done.returncode}\n"
                               f"{done.stdout}{done.stderr}")
        return done

    def status(self):
        return json.loads(self.run("status", "--json", check=False).stdout)

    def rows(self):
        """By NAME:INDEX."""
        return {f"{row['daemon']}:{row['index']}": row for row in self.status()["instances"]}

    def supervisor(self):
        return int((self.root / "tmp/daemonz/daemonz.lock").read_text())

    def kill_supervisor(self):
        pid = self.supervisor()
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not is_alive(pid), 20, "the supervisor's end")

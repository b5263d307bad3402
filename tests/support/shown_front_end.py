"""A site of test-front-end, its processors, a queue server and a scheduler, each started and killed by
the shown line itself. Everything lies in one temporary folder.

    with FrontEndSite() as site:
        site.configure("strategy: queue")
        site.start("processor")
        with site.front_end() as front:
            print(front.push(7))                 # "queue"
"""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile

REPO = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPO / "tests/faults"))
from shown_daemons import wait_until  # noqa: E402
from queue_process import BIN, Gone, Server  # noqa: E402

CONFIG = """\
broker: memcache+unix://{root}/q.sock
database: sqlite:{root}/jobs.db
state_dir: {root}
push:
  deadline: {deadline}
  spool: {root}/spool
"""


class FrontEnd:
    """One process of test-front-end. Numbers go in, who took each job comes out."""

    def __init__(self, site, config, **environment):
        self.child = subprocess.Popen(
            [BIN / "test-front-end", config], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=site.log, text=True, bufsize=1, cwd=site.root,
            env={**os.environ, "MARKS": str(site.marks), **environment})

    def push(self, number):
        """Who took it; "-" when nobody did."""
        self.child.stdin.write(f"{number}\n")
        words = self.child.stdout.readline().split(maxsplit=2)
        if len(words) < 3:
            raise RuntimeError("the front end ended: see its log")
        if words[1] == "-":
            print(f"push of {number}: {words[2].strip()}", file=sys.stderr)
            return "-"
        return words[2].strip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.stdin.close()
        self.code = self.child.wait(timeout=60)


class FrontEndSite:
    def __init__(self, *arguments):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="daemonz-front."))
        (self.root / "config").mkdir()
        self.marks = self.root / "marks"
        self.spool = self.root / "spool"
        self.server = Server(self.root, *arguments)
        self.log = (self.root / "programs.log").open("ab")
        self.children = []

    def __enter__(self):
        self.server.start()
        return self

    def __exit__(self, kind, *_):
        for child in self.children:
            child.kill()
            child.wait()
        if self.server.is_alive():
            self.server.child.send_signal(signal.SIGCONT)
        self.server.kill()
        self.log.close()
        if kind not in (None, SystemExit):
            print((self.root / "programs.log").read_text()[-3000:], file=sys.stderr)
        shutil.rmtree(self.root)

    def configure(self, push, name="daemonz", deadline="250ms"):
        """Writes NAME.yml with these lines under `push:`; returns its path."""
        text = CONFIG.format(root=self.root, deadline=deadline)
        text += "".join(f"  {line}\n" for line in push.splitlines())
        path = self.root / f"config/{name}.yml"
        path.write_text(text)
        return path

    def front_end(self, name="daemonz", **environment):
        return FrontEnd(self, self.root / f"config/{name}.yml", **environment)

    def start(self, program, name="daemonz", *arguments):
        """"processor" or "scheduler"."""
        words = ([BIN / "test-front-end", "processor"] if program == "processor"
                 else [BIN / f"daemonz-{program}"])
        child = subprocess.Popen([*words, "--config", self.root / f"config/{name}.yml",
                                  *arguments],
                                 stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
                                 cwd=self.root)
        self.children.append(child)
        return child

    def stop(self, child):
        child.send_signal(signal.SIGTERM)
        code = child.wait(timeout=60)
        self.children.remove(child)
        if code != 0:
            raise RuntimeError(f"exit {code} at the end")

    def counts(self):
        """number -> how often it ran."""
        counts = {}
        if self.marks.exists():
            for line in self.marks.read_text().split():
                counts[int(line)] = counts.get(int(line), 0) + 1
        return counts

    def spooled(self):
        return sorted(self.spool.glob("*.job")) if self.spool.exists() else []

    def left(self):
        """Jobs that are not over yet, in the queues."""
        try:
            line = self.server.connect()
            line.send(b"stats\r\n")
            left = 0
            while (text := line.line()) != "END":
                name, value = text.split()[1:3]
                if name.rsplit("_", 1)[-1] in ("ready", "leased", "delayed") and ".dead_" not in name \
                        and name.startswith("queue_"):
                    left += int(value)
            line.close()
            return left
        except Gone:
            return 1

    def wait_until_idle(self, seconds=60):
        wait_until(lambda: not self.spooled() and self.left() == 0, "everything is done", seconds)

    def forget(self):
        self.marks.unlink(missing_ok=True)


def judge(wanted, counts):
    """(lost, doubled, others) of what should have run once each."""
    lost = [number for number in wanted if counts.get(number, 0) == 0]
    doubled = [number for number, count in counts.items() if count > 1]
    return lost, doubled, sorted(counts.keys() - set(wanted))


__all__ = ["FrontEndSite", "judge", "json"]

"""A site of its own for one shown line: a temporary root with config/daemonz.yml, the real programs,
and nothing left behind. Unix sockets only, so that any number of sites run side by side.

    with Site(processors=2) as site:
        site.start()
        rows = site.judge("tests/problems/bridge_cables")
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

REPO = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("DAEMONZ_BIN", REPO / "build/bin")).resolve()

CONFIG = """\
logger: log/daemonz.log
broker: memcache+unix://tmp/daemonz/queue.sock
database: {database}
queue:
  listen: []
  unix: tmp/daemonz/queue.sock
  dir: tmp/daemonz/queue
{queue}
daemons:
  queue:
    command: [daemonz-queue, --config, config/daemonz.yml, --log-level, {log_level}]
    ready: {{notify: true}}
    start_order: 1
    restart: {{policy: always, delay: 20ms, max_delay: 200ms, limit: 100000, within: 60s}}
  processor:
    command: [daemonz-processor, --config, config/daemonz.yml, --queues, "pulls,pushes"]
    instances: {processors}
    ready: {{notify: true}}
    depends_on: {{queue: ready}}
    start_order: 2
    restart: {{policy: always, delay: 20ms, max_delay: 200ms, limit: 100000, within: 60s}}
    stop: {{signal: TERM, timeout: 30s}}
  scheduler:
    command: [daemonz-scheduler, --config, config/daemonz.yml]
    ready: {{notify: true}}
    depends_on: {{queue: ready}}
    start_order: 2
    restart: {{policy: always, delay: 20ms, max_delay: 200ms, limit: 100000, within: 60s}}
"""


def say(figure):
    """The line that script/shown puts into its table."""
    print(figure, flush=True)


class Site:
    def __init__(self, processors=1, log_level="info", queue="",
                 database="sqlite:tmp/daemonz/daemonz.db"):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="daemonz-site."))
        (self.root / "config").mkdir()
        (self.root / "config/daemonz.yml").write_text(
            CONFIG.format(processors=processors, log_level=log_level, queue=queue,
                          database=database))

    def __enter__(self):
        return self

    def __exit__(self, *problem):
        self.run("daemonz", "stop", check=False)
        if problem[0] is not None and str(problem[1]) != "0":  # sys.exit(0) is no problem
            for log in sorted((self.root / "log").glob("*")):
                text = log.read_text(errors="replace").splitlines()[-15:]
                print(f"--- {log.name}", *text, sep="\n", file=sys.stderr)
        shutil.rmtree(self.root, ignore_errors=True)

    def run(self, program, *arguments, check=True, **options):
        """Runs one of our programs in the site's root; stdout as text."""
        options.setdefault("stdout", subprocess.PIPE)
        done = subprocess.run([BIN / program, *map(str, arguments)], cwd=self.root, text=True,
                              stdin=subprocess.DEVNULL, **options)
        if check and done.returncode != 0:
            raise RuntimeError(f"{program} {' '.join(map(str, arguments))}: exit {done.returncode}")
        return done

    def start(self):
        self.run("daemonz", "start")

    def status(self):
        return json.loads(self.run("daemonz", "status", "--json", check=False).stdout)

    def pids(self, daemon):
        """Pids of the daemon's running instances."""
        return [row["pid"] for row in self.status()["instances"]
                if row["name"].split(":")[0] == daemon and row.get("pid")]

    def judge(self, *packages, check=False, timeout=1200, options=()):
        """One object per submission, as `course judge --json` prints them."""
        done = self.run("course", "judge", *[REPO / p for p in packages], "--json", *options,
                        check=check, timeout=timeout)
        return [json.loads(line) for line in done.stdout.splitlines()]


def wait_until(fact, seconds, what):
    """Waits for a fact with a deadline; the fact's value is returned."""
    deadline = time.monotonic() + seconds
    while True:
        value = fact()
        if value:
            return value
        if time.monotonic() > deadline:
            raise RuntimeError(f"not within {seconds} s: {what}")
        time.sleep(0.02)  # between two looks at a fact

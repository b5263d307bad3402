"""Supervisors side by side: each keeps N children of build/bin/beat alive in a folder of its own.

    with Bench() as bench:
        peer = Daemonz(bench, 200)
        print(peer.start_ms(), peer.stop_ms())

A start counts from the supervisor's exec until the last child's main(), a stop from its being told
until it and all that it started are gone. Nothing polls: children say when they run over a named
pipe, ends are seen by pidfd.
"""
import os
import pathlib
import re
import select
import shutil
import signal
import statistics
import subprocess
import tempfile
import time

REPO = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("DAEMONZ_BIN", REPO / "build/bin")).resolve()
# In memory where there is such a place: ext4 takes 1 ms for each file that is made while others
# were deleted a moment ago, and what is compared is the supervisors.
FOLDERS = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
PATIENCE_S = 60  # of one step: far above what the slowest needs


def milliseconds(nanoseconds):
    return nanoseconds / 1e6


def status_field(pid, field):
    try:
        text = pathlib.Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    found = re.search(rf"^{field}:\s+(\d+)", text, re.M)
    return int(found.group(1)) if found else 0


def threads_of(pid):
    try:
        return os.listdir(f"/proc/{pid}/task")
    except (FileNotFoundError, ProcessLookupError):
        return []  # gone meanwhile


def children_of(pid):
    try:
        return [int(child) for task in threads_of(pid) for child in
                pathlib.Path(f"/proc/{pid}/task/{task}/children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def tree(pid):
    found = [pid]
    for child in children_of(pid):
        found += tree(child)
    return found


class Bench:
    """The folder, and the pipe over which children say (pid, nanoseconds) when they run."""

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="daemonz-bench.", dir=FOLDERS))
        self.beats_path = self.folder / "beats"
        os.mkfifo(self.beats_path)
        self.beats = os.open(self.beats_path, os.O_RDWR)
        self.rest = b""
        self.count = 0
        self.running = []
        return self

    def end_all(self):
        for peer in list(self.running):
            peer.end()
        self.drain()

    def __exit__(self, *_):
        self.end_all()
        os.close(self.beats)
        shutil.rmtree(self.folder, ignore_errors=True)

    def new_folder(self):
        self.count += 1
        folder = self.folder / str(self.count)
        folder.mkdir()
        return folder

    def take(self, count):
        """[(pid, ns)] of the next `count` beats."""
        found, deadline = [], time.monotonic() + PATIENCE_S
        while len(found) < count:
            line, end, self.rest = self.rest.partition(b"\n")
            if end:
                pid, stamp = line.split()
                found.append((int(pid), int(stamp)))
                continue
            self.rest = line
            ready, _, _ = select.select([self.beats], [], [], max(0, deadline - time.monotonic()))
            if not ready:
                raise TimeoutError(f"{len(found)} of {count} children ran in {PATIENCE_S} s")
            self.rest += os.read(self.beats, 1 << 16)
        return found

    def drain(self):
        """Throws away what came within a moment."""
        if select.select([self.beats], [], [], 0.05)[0]:
            os.read(self.beats, 1 << 16)
        self.rest = b""

    def environment(self):
        return {**os.environ, "BEAT": str(self.beats_path)}


class Peer:
    name = program = ""

    def __init__(self, bench, count):
        self.bench, self.count = bench, count
        self.folder = bench.new_folder()
        self.root = None
        self.beating = set()
        self.prepare()

    @classmethod
    def is_installed(cls):
        return shutil.which(cls.program) is not None

    def prepare(self):
        pass

    def start_ms(self):
        begun = time.monotonic_ns()
        self.root = subprocess.Popen(
            self.command(), cwd=self.folder, env=self.bench.environment(),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.bench.running.append(self)
        beats = self.bench.take(self.count)
        self.beating = {pid for pid, _ in beats}
        return milliseconds(max(stamp for _, stamp in beats) - begun)

    def own(self):
        """The supervisor's processes: the tree without what it supervises."""
        return [pid for pid in tree(self.root.pid) if pid not in self.beating]

    def tell_to_stop(self):
        self.root.send_signal(signal.SIGTERM)

    def stop_ms(self):
        watched = []
        for pid in tree(self.root.pid):
            try:
                watched.append(os.pidfd_open(pid))
            except ProcessLookupError:
                pass
        ends = select.epoll()
        for fd in watched:
            ends.register(fd, select.EPOLLIN)
        begun = time.monotonic_ns()
        self.tell_to_stop()
        living = set(watched)
        while living:
            happened = ends.poll(PATIENCE_S)
            if not happened:
                raise TimeoutError(f"{len(living)} processes have not stopped in {PATIENCE_S} s")
            for fd, _ in happened:
                ends.unregister(fd)
                living.discard(fd)
                if fd == watched[0]:
                    self.root.wait()
        ended = time.monotonic_ns()
        ends.close()
        for fd in watched:
            os.close(fd)
        self.bench.running.remove(self)
        return milliseconds(ended - begun)

    def end(self):
        """Without questions, after a failure."""
        for pid in reversed(tree(self.root.pid)):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.root.wait()
        self.bench.running.remove(self)

    def restart_ms(self):
        """Of the child that runs longest: kill -9 until main() of the next one."""
        victim = next(iter(self.ages))
        begun = time.monotonic_ns()
        os.kill(victim, signal.SIGKILL)
        ((pid, stamp),) = self.bench.take(1)
        self.beating.discard(victim)
        self.beating.add(pid)
        del self.ages[victim]
        self.ages[pid] = stamp
        return milliseconds(stamp - begun)

    def restarts_ms(self, rounds, pause_s):
        """`pause_s` between two kills: what has just started is held back by some."""
        self.ages = dict.fromkeys(sorted(self.beating))
        found = []
        for _ in range(rounds):
            time.sleep(pause_s)
            found.append(self.restart_ms())
        return found

    def rss_mb(self):
        return sum(status_field(pid, "VmRSS") for pid in self.own()) / 1024

    def root_rss_mb(self):
        """Of the first process alone: what is between its start and its exec has the same pages."""
        return status_field(self.root.pid, "VmRSS") / 1024

    def switches(self):
        """Voluntary context switches of all its threads so far."""
        return sum(status_field(f"{pid}/task/{task}", "voluntary_ctxt_switches")
                   for pid in self.own() for task in threads_of(pid))


class Floor(Peer):
    name = "floor"

    @classmethod
    def is_installed(cls):
        return (BIN / "floor").exists()

    def command(self):
        return [BIN / "floor", str(self.count), BIN / "beat"]


class Daemonz(Peer):
    name = "daemonz"
    entry = """\
  d{0}:
    command: [{1}]
    restart: {{policy: always, delay: 0s, reset_after: 0s, limit: 0}}
    stop: {{signal: TERM, timeout: 10s}}
"""

    @classmethod
    def is_installed(cls):
        return (BIN / "daemonz").exists()

    def prepare(self):
        (self.folder / "config").mkdir()
        (self.folder / "config/daemonz.yml").write_text(
            "daemons:\n" + "".join(self.entry.format(i, BIN / "beat") for i in range(self.count)))

    def command(self):
        return [BIN / "daemonz", "run"]

    def run(self, *words):
        """One command of ours."""
        return subprocess.run([BIN / "daemonz", *words], cwd=self.folder, text=True,
                              env=self.bench.environment(), capture_output=True)


class Supervisord(Peer):
    name = program = "supervisord"

    def prepare(self):
        (self.folder / "logs").mkdir()
        head = (f"[supervisord]\nnodaemon=true\nlogfile={self.folder}/log\nminfds=4096\n"
                f"pidfile={self.folder}/pid\nchildlogdir={self.folder}/logs\nuser=root\n")
        (self.folder / "conf").write_text(head + "".join(
            f"[program:d{i}]\ncommand={BIN}/beat\nautorestart=true\nstartsecs=0\n"
            for i in range(self.count)))

    def command(self):
        return ["supervisord", "-n", "-c", str(self.folder / "conf")]


class Service(Peer):
    """A folder per service with a `run` in it."""

    def prepare(self):
        self.scan = self.folder / "scan"
        for i in range(self.count):
            service = self.scan / f"d{i}"
            service.mkdir(parents=True)
            (service / "run").symlink_to(BIN / "beat")


class S6(Service):
    name, program = "s6", "s6-svscan"

    def prepare(self):
        super().prepare()
        for service in self.scan.iterdir():
            (service / "notification-fd").write_text("3\n")

    def command(self):
        return ["env", "BEAT_READY=1", "s6-svscan", "-c", "4000", str(self.scan)]


class Runit(Service):
    name, program = "runit", "runsvdir"

    def command(self):
        return ["runsvdir", "-P", str(self.scan)]

    def tell_to_stop(self):
        self.root.send_signal(signal.SIGHUP)


def quantile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def median(values):
    return statistics.median(values)

"""The unchanged daemonz-queue as a child: started, watched and broken by watched_disk.cc, killed."""
import os
import pathlib
import signal
import socket
import subprocess
import threading
import time

REPO = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("DAEMONZ_BIN", REPO / "build/bin")).resolve()
LIBRARY = BIN / "libwatched_disk.so"
READY_SECONDS = 60                       # of a start: the machine may be busy


class Refused(Exception):
    """It ended by itself instead of serving."""


class Gone(Exception):
    """The connection ended: what was asked last is unknown."""


class Server:
    def __init__(self, root, *arguments, data="data"):
        self.root = pathlib.Path(root)
        self.data = self.root / data
        self.path = str(self.root / "q.sock")
        self.arguments = arguments
        self.child = None
        self.was_killed = False          # from outside, not by a planned death
        # For the clients: what is allowed, and whether to end.
        self.may_fail = self.may_be_full = False
        self.refused = 0
        self.is_ending = threading.Event()
        self.tiny = []                   # bodies of one byte: [byte, is_confirmed]

    def start(self, fault="", watched=None, log=None):
        """True: it serves. False: a planned death came first. Raises Refused with its log."""
        environment = dict(os.environ, NOTIFY_SOCKET=str(self.root / "notify"))
        if log:
            environment.update(LD_PRELOAD=str(LIBRARY), DAEMONZ_DISK_FOLDER=str(watched or self.data),
                               DAEMONZ_DISK_LOG=str(log), DAEMONZ_DISK_FAULT=fault)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            (self.root / "notify").unlink(missing_ok=True)
            notify.bind(environment["NOTIFY_SOCKET"])
            with (self.root / "log").open("ab") as errors:
                self.child = subprocess.Popen(
                    [BIN / "daemonz-queue", "--dir", self.data, "--unix", self.path,
                     *self.arguments], env=environment, stdin=subprocess.DEVNULL, stderr=errors)
            notify.settimeout(0.05)
            deadline = time.monotonic() + READY_SECONDS
            while time.monotonic() < deadline:
                try:
                    if b"READY=1" in notify.recv(512):
                        return True
                except TimeoutError:
                    code = self.child.poll()
                    if code == -signal.SIGKILL and "die" in fault:
                        self.was_killed = False
                        return False
                    if code is not None:
                        raise Refused(f"exit {code}: {self.last_log(5)}") from None
        raise Refused(f"not ready in {READY_SECONDS} s: {self.last_log(5)}")

    def last_log(self, lines):
        return " | ".join((self.root / "log").read_text(errors="replace").splitlines()[-lines:])

    def is_alive(self):
        return self.child is not None and self.child.poll() is None

    def wait_for_death(self):
        """It closed a connection: nothing but its death is a reason."""
        self.child.wait(timeout=10)

    def kill(self):
        if self.child:
            self.child.kill()
            self.child.wait()

    def stop(self):
        self.child.send_signal(signal.SIGTERM)
        return self.child.wait(timeout=READY_SECONDS)

    def connect(self):
        return Connection(self.path)


class Connection:
    """Memcache text over the unix socket. Every call raises Gone when the server has gone."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(60)
        self.buffer = b""
        try:
            self.socket.connect(path)
        except OSError as problem:
            raise Gone from problem

    def close(self):
        self.socket.close()

    def send(self, data):
        try:
            self.socket.sendall(data)
        except OSError as problem:
            raise Gone from problem

    def fill(self):
        try:
            got = self.socket.recv(1 << 18)
        except TimeoutError:
            raise RuntimeError("the server is alive and does not answer") from None
        except OSError as problem:
            raise Gone from problem
        if not got:
            raise Gone
        self.buffer += got

    def line(self):
        while b"\r\n" not in self.buffer:
            self.fill()
        line, self.buffer = self.buffer.split(b"\r\n", 1)
        return line.decode()

    def read(self, size):
        while len(self.buffer) < size:
            self.fill()
        data, self.buffer = self.buffer[:size], self.buffer[size:]
        return data

    def ask(self, command):
        self.send(command.encode() + b"\r\n")
        return self.line()

    def values(self):
        """([(queue, body, delivery id)], the line behind them)."""
        found = []
        while True:
            line = self.line()
            if not line.startswith("VALUE "):
                return found, line
            words = line.split()
            body = self.read(int(words[3]) + 2)[:-2]
            found.append((words[1], body, int(words[4]) if len(words) > 4 else 0))

    def get(self, command):
        self.send(command.encode() + b"\r\n")
        return self.values()

    def stats(self):
        self.send(b"stats\r\n")
        facts = {}
        while (line := self.line()) != "END":
            _, name, value = line.split(" ", 2)
            facts[name] = value
        return facts


def storing(key, body, flags=0):
    return f"set {key} {flags} 0 {len(body)}\r\n".encode() + body + b"\r\n"

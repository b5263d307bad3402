"""A daemonz-queue of its own for one shown line: temporary folder, free port, nothing left behind.

    with Queue("--durability", "never") as queue:
        client = queue.client()
        assert client.ask(b"version\\r\\n") == b"VERSION 1.6.0\\r\\n"
"""
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile

REPO = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("DAEMONZ_BIN", REPO / "build/bin")).resolve()
TIMEOUT_S = 30  # of any answer: far above what one needs


class Client:
    """A blocking connection. Raises when it breaks or nothing comes."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), TIMEOUT_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.lines = self.socket.makefile("rb")

    def send(self, data):
        self.socket.sendall(data)

    def line(self):
        line = self.lines.readline()
        if not line.endswith(b"\n"):
            raise ConnectionError(f"the connection broke after {line!r}")
        return line

    def ask(self, data):
        self.send(data)
        return self.line()

    def put(self, queue, body):
        said = self.ask(b"set %s 0 0 %d\r\n%s\r\n" % (queue, len(body), body))
        if said != b"STORED\r\n":
            raise AssertionError(said)

    def values(self):
        """Bodies of the VALUEs up to END."""
        found = []
        while (head := self.line()) != b"END\r\n":
            if not head.startswith(b"VALUE "):
                raise AssertionError(head)
            size = int(head.split()[3])
            found.append(self.lines.read(size + 2)[:-2])
        return found

    def get(self, key):
        self.send(b"get %s\r\n" % key)
        found = self.values()
        return found[0] if found else None

    def stats(self):
        self.send(b"stats\r\n")
        found = {}
        while (line := self.line()) != b"END\r\n":
            _, name, value = line.decode().split()
            found[name] = value
        return found

    def close(self):
        self.lines.close()
        self.socket.close()


class Queue:
    def __init__(self, *options):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="daemonz-queue."))
        self.options = options

    def __enter__(self):
        notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        notify.bind(str(self.folder / "notify"))
        notify.settimeout(TIMEOUT_S)
        log = self.folder / "log"
        with open(log, "wb") as out:
            self.process = subprocess.Popen(
                [BIN / "daemonz-queue", "--dir", self.folder / "data", "--listen", "127.0.0.1:0",
                 *self.options], stdin=subprocess.DEVNULL, stderr=out,
                env={**os.environ, "NOTIFY_SOCKET": str(self.folder / "notify")})
        try:
            assert b"READY=1" in notify.recv(4096), "not ready"
            line = next(each for each in open(log) if "address=127.0.0.1:" in each)
            self.port = int(line.rsplit(":", 1)[1])
        except BaseException:
            self.__exit__(None, None, None)
            raise
        finally:
            notify.close()
        return self

    def __exit__(self, *problem):
        self.process.terminate()
        try:
            self.code = self.process.wait(TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.code = self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def client(self):
        return Client(self.port)

    def rss_kib(self):
        for line in open(f"/proc/{self.process.pid}/status"):
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
        raise RuntimeError("the server has no VmRSS")

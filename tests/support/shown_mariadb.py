"""A real MariaDB for one shown line: a folder, a unix socket and a loopback port of its own, ended
by its pid, nothing left behind.

    with MariaDb() as server:
        with Site(database=server.url("site")) as site:      # a database that is made here
            server.sql("select count(*) from daemonz_jobs", "site")
"""
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

SERVER = "/usr/sbin/mariadbd"


class MariaDb:
    """The user `site` may do everything in the databases of url(), and is bound by read_only."""

    def __init__(self, *arguments):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="daemonz-mariadb."))
        self.socket = self.folder / "s"
        self.arguments = arguments
        self.process = None
        self.databases = set()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]

    def _common(self):
        user = ["--user=root"] if os.geteuid() == 0 else []
        return ["--no-defaults", *user, f"--datadir={self.folder}/data",
                "--innodb-log-file-size=64M"]

    def __enter__(self):
        log = open(self.folder / "log", "ab")
        subprocess.run(["/usr/bin/mariadb-install-db", *self._common(), "--skip-test-db",
                        "--auth-root-authentication-method=normal"],
                       check=True, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        self.start()
        self.sql("create user site@'%'; grant process on *.* to site@'%'")
        return self

    def __exit__(self, *problem):
        self.kill()
        if problem[0] is not None and str(problem[1]) != "0":
            print(*(self.folder / "log").read_text(errors="replace").splitlines()[-15:], sep="\n")
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self, seconds=60):
        """Returns when it serves."""
        self.process = subprocess.Popen(
            [SERVER, *self._common(), f"--socket={self.socket}", f"--port={self.port}",
             "--bind-address=127.0.0.1", "--skip-networking=0", "--skip-name-resolve",
             "--innodb-buffer-pool-size=128M", *self.arguments],
            stdin=subprocess.DEVNULL, stdout=open(self.folder / "log", "ab"),
            stderr=subprocess.STDOUT)
        deadline = time.monotonic() + seconds
        while self._client("select 1").returncode != 0:
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("mariadbd did not start: " +
                                   (self.folder / "log").read_text(errors="replace")[-2000:])
            time.sleep(0.02)  # between two looks

    def _end(self, number):
        if self.process and self.process.poll() is None:
            self.process.send_signal(number)
            self.process.wait()
        self.process = None

    def kill(self):
        self._end(signal.SIGKILL)

    def stop(self):
        self._end(signal.SIGTERM)

    def _client(self, statements, database="mysql"):
        return subprocess.run(["mariadb", "--no-defaults", f"--socket={self.socket}", "--user=root",
                               "--batch", "--skip-column-names", "--default-character-set=utf8mb4",
                               database],
                              input=statements, capture_output=True, text=True)

    def sql(self, statements, database="mysql"):
        """As root. The rows, as lists of text (NULL: "NULL")."""
        done = self._client(statements, database)
        if done.returncode != 0:
            raise RuntimeError(f"{done.stderr.strip()} in: {statements[:200]}")
        return [line.split("\t") for line in done.stdout.splitlines()]

    def value(self, statement, database="mysql"):
        return self.sql(statement, database)[0][0]

    def url(self, database):
        """A database for the user `site`, made if it is not there."""
        if database not in self.databases:
            self.sql(f"create database `{database}` character set utf8mb4; "
                     f"grant all on `{database}`.* to site@'%'")
            self.databases.add(database)
        return f"mysql://site@localhost/{database}?socket={self.socket}"

    def connections(self):
        """Ids of the sessions of `site`."""
        return [int(row[0]) for row in
                self.sql("select id from information_schema.processlist where user = 'site'")]

    def kill_connections(self):
        """Each session of `site` is closed by the server; how many there were."""
        ids = self.connections()
        for one in ids:
            self._client(f"kill {one}")  # it may have gone by itself
        return len(ids)

    def status(self, name):
        return int(self.sql(f"show global status like '{name}'")[0][1])

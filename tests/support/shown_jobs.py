"""Jobs for one shown line: envelopes pushed over memcache text, real test-processors (the one of
tests/processor), and the files that their tasks write.

    with Queue() as queue, Processors(queue) as processors:
        push(queue.client(), "pulls", "note", {"file": .., "text": "a"})
        child = processors.start()
"""
import json
import os
import pathlib
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile

from shown_queue import BIN

TIMEOUT_S = 60  # of any fact: far above what one needs


def push(client, queue, task, args, **fields):
    job = {"v": 1, "task": task, "args": args, "queue": queue, **fields}
    client.put(queue.encode(), json.dumps(job).encode())


def lines(path):
    """Whole lines of a file that others append to; [] when it is not there."""
    try:
        return pathlib.Path(path).read_text().splitlines()
    except FileNotFoundError:
        return []


class Processors:
    """test-processors in a folder of their own, with one SQLite file; ended by pid."""

    def __init__(self, queue, *options):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="daemonz-jobs."))
        self.database = self.folder / "jobs.db"
        self.command = [BIN / "test-processor", "--broker", f"memcache://127.0.0.1:{queue.port}",
                        "--database", f"sqlite:{self.database}", *map(str, options)]
        self.children = []

    def __enter__(self):
        return self

    def __exit__(self, *problem):
        for child in self.children:
            if child.poll() is None:
                child.send_signal(signal.SIGKILL)
            child.wait()
        if problem[0] is not None and str(problem[1]) != "0":
            print((self.folder / "log").read_text(errors="replace")[-3000:], flush=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self, *options):
        """A further one; returns when it has said that it is ready."""
        path = self.folder / f"notify.{len(self.children)}"
        notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        notify.bind(str(path))
        notify.settimeout(TIMEOUT_S)
        with open(self.folder / "log", "ab") as log:
            child = subprocess.Popen([*self.command, *map(str, options)], cwd=self.folder,
                                     stdin=subprocess.DEVNULL, stderr=log,
                                     env={**os.environ, "NOTIFY_SOCKET": str(path)})
        self.children.append(child)
        with notify:
            assert b"READY=1" in notify.recv(4096)
        path.unlink()
        return child

    def sql(self, statement, *values):
        with sqlite3.connect(self.database, timeout=TIMEOUT_S) as database:
            return database.execute(statement, values).fetchall()

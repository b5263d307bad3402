"""fork-harm (tests/db/fork_harm.cc): a process with database connections and a sandbox slot that does
what it is told, and what the server has seen of its sessions meanwhile.

    with MariaDb("--general-log", "--log-output=TABLE") as server:
        parent = ForkHarm(server, folder)
        done, is_same, (quits, aborted) = parent.tell("runs 100")
"""
import json
import os
import subprocess

from shown_daemons import BIN


def sockets_of(pid):
    """The inodes of a process's sockets."""
    found = set()
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            target = os.readlink(f"/proc/{pid}/fd/{fd}")
        except FileNotFoundError:
            continue  # closed meanwhile
        if target.startswith("socket:"):
            found.add(target)
    return found


class ForkHarm:
    def __init__(self, server, folder):
        self.server = server
        self.process = subprocess.Popen([BIN / "fork-harm", server.url("site"), folder], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.ids = self.answer()["ids"]

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"fork-harm ended: {self.process.wait()}")
        return json.loads(line)

    def tell(self, words):
        """done, whether the ids are the same, and how far the server's two counters moved."""
        before = self.counters()
        self.process.stdin.write(words + "\n")
        self.process.stdin.flush()
        told = self.answer()
        after = self.counters()
        return told["done"], told["ids"] == self.ids, [b - a for a, b in zip(before, after)]

    def counters(self):
        return [int(self.server.value("select count(*) from mysql.general_log where command_type = "
                                      "'Quit' and user_host like '%site%'")),
                self.server.status("Aborted_clients")]

    def end(self):
        self.process.stdin.close()
        self.process.wait()

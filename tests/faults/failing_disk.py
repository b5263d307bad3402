"""One trial of tests/shown/delivery/07_failed_disk: a chosen call fails while clients work."""
import random
import time

import load
from ledger import Ledger
from power_cut import Disk
from queue_process import Gone, Refused, Server, storing

TRIAL_SECONDS = 30                       # until the failure must have been reached
FAILED = "SERVER_ERROR storage failed"
FULL = "SERVER_ERROR out of memory storing object"


class Trial:
    def __init__(self, root, seed, say):
        self.chance = random.Random(seed)
        (root / "disk").mkdir()
        (root / "mirror").mkdir()
        self.log = root / "disk.log"
        self.disk = Disk(root / "disk", root / "mirror")
        self.server = Server(root, "--max-memory", "64K", data="disk/data")
        self.ledger = Ledger(say)
        self.problems = []

    def expect(self, is_true, what):
        if not is_true:
            self.problems.append(what)

    def is_good(self):
        ledger = self.ledger
        return not (self.problems or ledger.lost or ledger.corrupt or ledger.doubled or ledger.other)

    def prepare(self):
        """Items that are ready, and one that is leased: all in the first segment, before the fault."""
        settler = load.Settler(self.server, self.ledger, self.chance)
        size = 200
        settler.put(*[settler.new_put("lease.a", "/r=99", size=size) for _ in range(40)])
        settler.put(*[settler.new_put("pop", size=size) for _ in range(40)])
        self.held = self.hold(settler)
        return settler

    def hold(self, settler):
        """One item, leased for longer than the trial lasts."""
        item = settler.take(["lease.a"], "")
        settler.line.ask(f"touch lease.a/lease={item.lease.delivery} 600")
        item.lease.until += 595
        return item

    def load_until(self, fact, fault):
        """The fact, or what was not reached."""
        clients = load.start(self.server, self.ledger, self.chance)
        deadline = time.monotonic() + TRIAL_SECONDS
        while not fact() and time.monotonic() < deadline:
            time.sleep(0.02)             # between two looks at the fact
        self.expect(fact(), f"{fault}: not reached")
        self.server.is_ending.set()
        load.finish(clients)
        self.server.is_ending.clear()

    def stat(self, name):
        line = self.server.connect()     # a new one: a failing server may hang up
        try:
            return line.stats().get(name)
        except Gone:
            return None
        finally:
            line.close()

    # --- the outcomes

    def fails(self, fault):
        """Read-only at once: nothing is handed out or confirmed any more, and it says so."""
        self.server.may_fail = True
        self.server.start(fault, watched=self.disk.folder, log=self.log)
        self.prepare()
        self.load_until(lambda: self.stat("read_only") == "1", fault)
        line = self.server.connect()
        held = self.held.lease.delivery
        line.send(storing("pop/id=after", b"after"))
        for command, wanted in [
                (None, FAILED), (f"delete lease.a/ack={held}", FAILED),
                (f"delete lease.a/nack={held}", FAILED), (f"delete lease.a/dead={held}", FAILED),
                (f"touch lease.a/lease={held} 9", FAILED), ("get pop", "END"),
                (f"gets pop/t=1/ack={held}:lease.a", FAILED), ("gets lease.a/lease=100", "END")]:
            answer = line.ask(command) if command else line.line()
            self.expect(answer == wanted, f"{fault}: {command or 'set'} was answered {answer}")
        line.send(storing(f"lease.b/ack={held}:lease.a", b"successor"))
        answer = line.line()
        self.expect(answer == FAILED, f"{fault}: a successor was answered {answer}")
        before = time.monotonic()
        answer = line.ask("get pop/t=300")
        self.expect(answer == "END" and time.monotonic() - before > 0.25,
                    f"{fault}: a waiting get was answered {answer} too early")
        self.check_log(fault)

    def check_log(self, fault):
        errors = [text for text in (self.server.root / "log").read_text().splitlines()
                  if " error " in text]
        self.expect(len(errors) == 1, f"{fault}: {len(errors)} error lines: {errors[:3]}")
        for word in ("disk/data", "restart"):
            self.expect(errors and word in errors[0], f"{fault}: no \"{word}\" in {errors[:1]}")

    def goes_on(self, fault):
        """A failure that costs nothing but space or time."""
        self.server.start(fault, watched=self.disk.folder, log=self.log)
        self.prepare()
        before = self.ledger.confirmed
        self.load_until(lambda: self.ledger.confirmed > before + 1500 and
                        int(self.stat("journal_segments")) > 1, fault)
        self.expect(self.stat("read_only") == "0", f"{fault}: read-only")

    def is_full(self, fault):
        """Puts are refused with memcached's text; acks, successors and hand-outs go on."""
        self.server.may_be_full = True
        self.server.start(fault, watched=self.disk.folder, log=self.log)
        settler = self.prepare()
        line = settler.line
        held = [self.hold(settler) for _ in range(5)]
        self.load_until(lambda: self.server.refused >= 20, fault)
        self.expect(self.stat("read_only") == "0", f"{fault}: read-only")
        for item in held:
            settler.ack(item)
        while item := settler.take(["lease.a"], ""):
            settler.ack(item)
        line.send(storing(f"lease.b/id=s/ack={self.held.lease.delivery}:lease.a", b"x"))
        answer = line.line()
        self.expect(answer == "STORED", f"{fault}: a small successor was answered {answer}")
        self.held.gone = "sure"
        line.ask("delete lease.b/id=s")

    def start_fails(self, fault):
        """A start on a failing disk ends with a sentence and leaves what is confirmed."""
        self.server.start(watched=self.disk.folder, log=self.log)
        self.prepare()
        before = self.ledger.confirmed
        self.load_until(lambda: self.ledger.confirmed > before + 100, fault)
        self.server.kill()
        try:
            self.server.start(fault, watched=self.disk.folder, log=self.log)
            self.expect(False, f"{fault}: it started")
        except Refused as problem:
            self.expect("exit 1" in str(problem) and "disk/data" in str(problem).split("|")[-1],
                        f"{fault}: {problem}")

    def recover(self, is_power_cut):
        """A healthy disk, and what the failed one had synced or all that it had been told."""
        self.server.kill()
        self.disk.read(self.log)
        if is_power_cut:
            self.disk.cut(self.chance, is_worst=True)
        self.ledger.crashed(is_power_cut)
        self.log.unlink()
        self.server.may_fail = self.server.may_be_full = False
        self.server.start()
        settler = load.Settler(self.server, self.ledger, self.chance)
        settler.settle_all(share=0.5)
        settler.drain()

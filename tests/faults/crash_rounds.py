"""Rounds of load and death: what tests/shown/delivery/03_crash_rounds counts."""
import random
import time

import load
from ledger import Ledger
from power_cut import Disk
from queue_process import Gone, Refused, Server

DRAIN_EVERY = 5                          # rounds; in between the store lives on
COMPARE_EVERY = 5                        # rounds: has the library seen every call?
WORST_EVERY = 4                          # rounds, the first one too: only what was synced is left
# What the program dies at: the N-th call of a kind, N at most so much.
DEATHS = [("any", 2000), ("sync", 150), ("write@.segment", 400), ("create", 4), ("rename", 3),
          ("sync_folder", 4), ("unlink", 3), ("write@spare", 400), ("truncate", 2), ("allocate", 2)]


class Play:
    def __init__(self, root, seed, arguments=(), fault="", say=print):
        self.chance = random.Random(seed)
        self.fault, self.say = fault, say
        (root / "disk").mkdir()
        (root / "mirror").mkdir()
        self.log = root / "disk.log"
        self.disk = Disk(root / "disk", root / "mirror")
        self.server = Server(root, *arguments, data="disk/data")
        self.ledger = Ledger(say)
        self.rounds = self.refused = 0

    def run(self, rounds, is_power_cut, until_lost=False):
        one = self.power_round if is_power_cut else self.kill_round
        for number in range(1, rounds + 1):
            is_drained = number % DRAIN_EVERY == 0 or number == rounds
            try:
                one(is_drained)
            except Refused as problem:
                self.refused += 1
                self.say(f"refused: {problem}")
                return
            self.rounds = number
            if until_lost and self.has_lost():
                return

    # --- rounds

    def kill_round(self, is_drained):
        self.server.start()
        self.serve(is_drained)
        self.ledger.crashed(is_power_cut=False)

    def power_round(self, is_drained):
        while True:
            planned = self.planned_death() if not is_drained else ""
            fault = ",".join(filter(None, [self.fault, planned]))
            self.log.unlink(missing_ok=True)
            if self.server.start(fault, watched=self.disk.folder, log=self.log):
                self.serve(is_drained)
            is_planned = not self.server.was_killed
            self.disk.read(self.log)
            if is_planned and self.rounds % COMPARE_EVERY == 0:
                for difference in self.disk.differences():
                    self.ledger.fault("other", f"the library missed a call: {difference}")
            # A kill -9 before the power cut: what the next run finds may still be lost.
            if is_planned and self.chance.random() < 0.4:
                self.ledger.crashed(is_power_cut=False)
                continue
            self.disk.cut(self.chance, is_worst=self.rounds % WORST_EVERY == 0)
            self.ledger.crashed(is_power_cut=True)
            return

    def planned_death(self):
        if self.chance.random() < 0.2:
            return ""
        call, most = self.chance.choice(DEATHS)
        return f"{call}:{self.chance.randint(1, most)}:die"

    def serve(self, is_drained):
        """From readiness to death."""
        self.server.was_killed = False
        try:
            settler = load.Settler(self.server, self.ledger, self.chance)
            settler.settle_all(share=0.7)
            if is_drained:
                settler.drain()
            settler.line.close()
        except Gone:
            self.server.wait_for_death()
        clients = load.start(self.server, self.ledger, self.chance)
        deadline = time.monotonic() + self.chance.uniform(0.1, 0.7)
        while self.server.is_alive() and time.monotonic() < deadline:
            time.sleep(0.005)            # the moment of the death, not a synchronisation
        self.server.was_killed = self.server.is_alive()
        self.server.kill()
        load.finish(clients)

    # --- what came out

    def is_faulty(self):
        ledger = self.ledger
        return bool(ledger.lost or ledger.corrupt or ledger.doubled or ledger.other or self.refused
                    or not ledger.confirmed)

    def has_lost(self):
        return bool(self.ledger.lost or self.refused)

    def figure(self):
        ledger = self.ledger
        return (f"{self.rounds} rounds, {ledger.confirmed} confirmed, {ledger.lost} lost, "
                f"{ledger.corrupt} corrupt, {ledger.doubled} doubled, {ledger.other} other faults, "
                f"{self.refused} starts refused")

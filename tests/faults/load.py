"""The clients: each does one mix until its connection ends, and writes into the ledger what it sent
and what it saw. Also what comes between two crashes: the same again, and taking everything out."""
import threading
import time

from ledger import body_of
from queue_process import Gone, storing

LEASE_MS = 5000
LEASES = ["lease.a", "lease.b"]
QUEUES = ["push", "many", "pop", *LEASES]
TINY = "tiny"
DRAIN_SECONDS = 30


def size_of(chance):
    """1 of 30 is large, so that segments roll."""
    return chance.randint(20, 2000) if chance.random() < 0.97 else chance.randint(50_000, 200_000)


class Client(threading.Thread):
    def __init__(self, server, ledger, chance):
        super().__init__(daemon=True)
        self.server, self.ledger, self.chance = server, ledger, chance
        self.problem = self.line = None
        self.bound = []                  # leases that end with the connection

    def run(self):
        try:
            self.line = self.server.connect()
            while not self.server.is_ending.is_set():
                self.act()
        except Gone:
            pass
        except Exception as problem:     # told by the main thread
            self.problem = problem
        if self.server.is_ending.is_set() or self.server.may_fail:
            for lease in self.bound:     # the connection ends, the server does not
                lease.is_sure = False
            self.line.close()

    def understand(self, answer):
        """The answer, unless it is the one of a failed disk: what was asked is unknown then."""
        if answer != "SERVER_ERROR storage failed":
            return answer
        if not self.server.may_fail:
            self.ledger.fault("other", f"{self.name}: {answer}")
        raise Gone

    # --- what a client says

    def new_put(self, queue, options="", token=None, size=None):
        token = self.chance.random() < 0.5 if token is None else token
        priority = self.chance.randrange(10)
        item = self.ledger.new_item(queue, (self.name, priority), size or size_of(self.chance))
        key = f"{queue}/p={priority}{options}" + (f"/id=t{item.key:x}" if token else "")
        command = storing(key, body_of(item.key, item.size), flags=item.key)
        if token:
            item.again = command
        return item, command

    def put(self, *puts):
        """All commands at once, then all answers."""
        sent = self.ledger.now()
        self.line.send(b"".join(command for _, command in puts))
        for item, _ in puts:
            self.stored_or_refused([item], sent)

    def stored_or_refused(self, items, sent):
        answer = self.understand(self.line.line())
        if answer == "SERVER_ERROR out of memory storing object" and self.server.may_be_full:
            self.server.refused += 1
            for item in items:
                item.put = "refused"
        elif answer != "STORED":
            self.ledger.fault("other", f"a put was answered {answer}")
        else:
            for item in items:
                self.ledger.stored(item, sent)

    def settle(self, item, word):
        """ack, nack, dead."""
        lease = item.lease
        sent = self.ledger.now()
        lease.is_sure, was_sure = False, lease.is_sure
        answer = self.understand(
            self.line.ask(f"delete {item.queue}/{word.replace('ID', str(lease.delivery))}"))
        if answer == "SERVER_ERROR out of memory storing object":
            # What only moves is refused on a full disk: the rest of it is for acknowledgements.
            was_sure = was_sure and not (self.server.may_be_full and word != "ack=ID")
        if answer != "DELETED":
            self.not_found(item, lease, was_sure, answer)
        elif word == "ack=ID":
            self.ledger.removed(item, sent)
        else:
            self.ledger.given_back(item, lease, sent)

    def not_found(self, item, lease, was_sure, answer):
        if was_sure and time.monotonic() < lease.until - 0.5:
            self.ledger.fault("other", f"a live lease of item {item.key} was answered {answer}")
        with self.ledger.lock:
            if item.lease is lease:
                item.lease = None
            if item.gone == "maybe":
                item.gone = None

    def ack(self, item):
        self.ledger.removing(item)
        self.settle(item, "ack=ID")

    def replace(self, item):
        queue = self.chance.choice(LEASES)
        new, command = self.new_put(queue, f"/r=99/ack={item.lease.delivery}:{item.queue}", True)
        new.predecessor, item.successor = item, new
        self.ledger.removing(item)
        self.send_successor(new, command, item.lease)

    def send_successor(self, new, command, lease=None):
        """Without the lease it is sent once more: NOT_FOUND then means "perhaps done"."""
        old = new.predecessor
        was_sure = lease.is_sure if lease else False
        if lease:
            lease.is_sure = False
        sent = self.ledger.now()
        self.line.send(command)
        answer = self.understand(self.line.line())
        if answer == "STORED":
            with self.ledger.lock:
                self.ledger.stored(new, sent)
                self.ledger.removed(old, sent)
        elif answer == "SERVER_ERROR out of memory storing object" and self.server.may_be_full:
            new.put, new.predecessor, old.gone = "refused", None, None  # it was larger
        elif answer != "NOT_FOUND":
            self.ledger.fault("other", f"a successor was answered {answer}")
        elif lease:
            self.not_found(old, lease, was_sure, answer)
            new.put, new.predecessor = "refused", None

    def take(self, queues, options, ack=None):
        """One item of the queues under a lease, or None. `ack` rides on it."""
        is_bound = "/open" in options
        lease = ack.lease if ack else None
        was_sure = lease.is_sure if lease else False
        if ack:
            self.ledger.removing(ack)
            lease.is_sure = False
            options += f"/ack={lease.delivery}:{ack.queue}"
        until = time.monotonic() + LEASE_MS / 1000
        found, end = self.line.get(f"gets {','.join(queues)}{options}/lease={LEASE_MS}/t=20")
        self.understand(end)
        if ack and end == "END":
            self.ledger.removed(ack)
        elif ack:
            self.not_found(ack, lease, was_sure, end)
        for queue, body, delivery in found:
            item = self.ledger.received(queue, body, delivery, until, is_bound)
            if item and is_bound:
                self.bound.append(item.lease)
            return item
        return None


class Pusher(Client):
    def act(self):
        count = self.chance.randint(1, 8)
        if self.chance.random() < 0.8:
            return self.put(*[self.new_put("push") for _ in range(count)])
        items = [self.ledger.new_item("many", None, size_of(self.chance)) for _ in range(count)]
        bodies = [body_of(item.key, item.size) for item in items]
        whole = b"".join(b"%d\r\n%b\r\n" % (len(body), body) for body in bodies)
        command = storing(f"many/many={count}/id=m{items[0].key:x}", whole)
        for item in items:
            item.group, item.again = items[0].key, command
        sent = self.ledger.now()
        self.line.send(command)
        self.stored_or_refused(items, sent)


class TinyPusher(Client):
    """Bodies of one byte, in order; what is not confirmed may be missing."""

    def act(self):
        sent = self.server.tiny
        sent.append([len(sent) % 251, False])
        stamp = self.ledger.now()
        self.line.send(storing(TINY, bytes([sent[-1][0]])))
        if self.understand(self.line.line()) == "STORED":
            sent[-1][1] = True
            self.ledger.proves(stamp)


class Popper(Client):
    def act(self):
        if self.chance.random() < 0.5:
            return self.put(*[self.new_put("pop") for _ in range(self.chance.randint(1, 4))])
        pops = self.ledger.unknown_pops
        pops["pop"] = pops.get("pop", 0) + 1
        found, end = self.line.get("gets pop/t=20")
        self.understand(end)
        pops["pop"] -= 1
        for queue, body, delivery in found:
            self.ledger.received(queue, body, delivery)


class Leaser(Client):
    def act(self):
        if self.chance.random() < 0.5:
            late = f"/d={self.chance.randint(1, 300)}" if self.chance.random() < 0.2 else ""
            self.put(self.new_put(self.chance.choice(LEASES), "/r=99" + late))
        item = self.take(self.chance.sample(LEASES, 2), self.chance.choice(["/open", ""]))
        while item:
            item = self.work(item)

    def work(self, item):
        """What is done with a lease; the next one where the ack takes it along."""
        what = self.chance.random()
        if what < 0.3:
            self.ack(item)
        elif what < 0.5:
            return self.take(LEASES, "/open", ack=item)
        elif what < 0.6:
            word = self.chance.choice(["nack=ID", "nack=ID/undo", "nack=ID/d=100"])
            self.settle(item, word)
        elif what < 0.8:
            self.replace(item)
        elif what < 0.9:
            self.touch(item)
            self.ack(item)
        elif what < 0.92:
            self.settle(item, "dead=ID")
            item.queue += ".dead"
        return None                      # else it is held until somebody looks after the crash

    def touch(self, item):
        answer = self.understand(
            self.line.ask(f"touch {item.queue}/lease={item.lease.delivery} 4"))
        if answer != "TOUCHED":
            self.ledger.fault("other", f"touch of item {item.key} was answered {answer}")


MIX = [Pusher, Pusher, TinyPusher, Popper, Leaser, Leaser, Leaser]


def start(server, ledger, chance):
    clients = []
    for number, kind in enumerate(MIX):
        client = kind(server, ledger, type(chance)(chance.random()))
        client.name = f"{kind.__name__}{number}"
        client.start()
        clients.append(client)
    return clients


def finish(clients):
    for client in clients:
        client.join(timeout=120)
        if client.is_alive():
            raise RuntimeError(f"{client.name} does not end")
        if client.problem:
            raise client.problem


class Settler(Client):
    """After a restart: what was unknown is sent again under its token, leases are continued."""

    def __init__(self, server, ledger, chance):
        super().__init__(server, ledger, chance)
        self.line = server.connect()
        self.name = "Settler"

    def settle_all(self, share):
        groups = set()
        for item in list(self.ledger.items.values()):
            if self.chance.random() >= share:
                continue
            if item.put == "unknown" and item.predecessor:
                self.send_successor(item, item.again)
            elif item.put == "unknown" and item.again and item.group not in groups:
                self.send_again(item)
                groups.add(item.group or item.key)
            elif item.lease and item.gone is None:
                self.ack(item)

    def send_again(self, item):
        sent = self.ledger.now()
        self.line.send(item.again)
        answer = self.line.line()
        if answer != "STORED":
            return self.ledger.fault("other", f"the same id again was answered {answer}")
        same = [item]
        if item.group:
            same = [each for each in self.ledger.items.values() if each.group == item.group]
        for each in same:
            each.order = None            # it may have been stored only now
            self.ledger.stored(each, sent)

    def drain(self):
        """Takes everything out, and says what is missing."""
        for item in list(self.ledger.items.values()):
            if item.lease and item.gone is None:
                self.line.ask(f"delete {item.queue}/nack={item.lease.delivery}/undo")
                item.lease = None
        tiny, newest = [], {}
        names = [*QUEUES, TINY, *[name + ".dead" for name in QUEUES]]
        deadline = time.monotonic() + DRAIN_SECONDS
        while self.is_something_left() and time.monotonic() < deadline:
            found, _ = self.line.get(f"gets {','.join(names)}/t=200")
            for queue, body, delivery in found:
                if queue == TINY:
                    tiny.append(body[0])
                    continue
                item = self.ledger.received(queue, body, delivery)
                if item and queue == "push":
                    self.check_order(item, newest)
        self.check_tiny(tiny)
        self.ledger.finish()
        self.prove()

    def is_something_left(self):
        facts = self.line.stats()
        return any(int(value) > 0 for name, value in facts.items() if name.startswith("queue_") and
                   name.endswith(("_items", "_ready", "_leased", "_delayed")) and
                   not name.endswith(("_total_items", "_expired_items", "_mem_items")))

    def check_order(self, item, newest):
        if item.order is None:
            return
        if item.key < newest.get(item.order, 0):
            self.ledger.fault("other", f"push: item {item.key} behind {newest[item.order]}")
        newest[item.order] = item.key

    def check_tiny(self, received):
        at = 0
        for byte, is_confirmed in self.server.tiny:
            if at < len(received) and received[at] == byte:
                at += 1
            elif is_confirmed:
                self.ledger.fault("lost", "a body of one byte")
        for _ in received[at:]:
            self.ledger.fault("doubled", "a body of one byte")
        self.server.tiny.clear()

    def prove(self):
        """One confirmed answer: all that was taken out is durable."""
        sent = self.ledger.now()
        self.line.send(storing(f"probe/id=p{sent}", b"?"))
        self.line.line()
        if self.line.ask(f"delete probe/id=p{sent}") == "DELETED":
            self.ledger.proves(sent)

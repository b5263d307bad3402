"""What the clients saw, and what that demands after a crash. Follows delivery.md, rows 2-6, 11, 12, 15.

Every event has a stamp. A confirmed answer (STORED, DELETED) to what was sent at stamp s proves that
all that was answered before s is durable: there is one log.
"""
import random
import threading
import time
import zlib

FILLER = random.Random(7).randbytes(1 << 19)
SLACK = 0.5                              # seconds that a lease's end is uncertain by
TAKEOVER = 3.0                           # seconds that a start gives the leases of lost connections
NEVER = float("inf")


def body_of(key, size):
    """Says who it is and carries its checksum."""
    start = key * 7919 % (1 << 17)
    filler = FILLER[start:start + size - 18]
    head = f"{key:08x} "
    check = zlib.crc32(filler, zlib.crc32(head.encode()))
    return f"{head}{check:08x} ".encode() + filler


def key_of(body):
    """None: these are not the bytes of any item."""
    try:
        key = int(body[:8], 16)
        return key if int(body[9:17], 16) == zlib.crc32(body[18:], zlib.crc32(body[:9])) else None
    except ValueError:
        return None


class Lease:
    def __init__(self, delivery, until, is_bound, stamp):
        self.delivery, self.until, self.is_bound, self.stamp = delivery, until, is_bound, stamp
        self.is_sure = True              # that the server knows it


class Item:
    """`put`: unknown, stored, seen (handed out, never confirmed), refused.
    `gone`: None (it must be there), maybe, sure (it must not come back)."""

    __slots__ = ("key", "queue", "order", "size", "put", "seen_at", "gone", "gone_at", "lease",
                 "predecessor", "successor", "group", "again")

    def __init__(self, key, queue, order, size):
        self.key, self.queue, self.order, self.size = key, queue, order, size
        self.put, self.seen_at = "unknown", NEVER
        self.gone, self.gone_at = None, None
        self.lease = self.predecessor = self.successor = self.group = None
        self.again = b""                 # the command that stores it once more under its token


class Ledger:
    def __init__(self, say=print):
        self.lock = threading.RLock()
        self.say = say
        self.items = {}
        self.last_key = self.stamp = self.synced = 0
        self.unknown_pops = {}           # queue -> how many items may have gone unseen
        self.deliveries, self.delivery_floor = set(), 0
        self.confirmed = self.lost = self.corrupt = self.doubled = self.other = 0

    def now(self):
        with self.lock:
            self.stamp += 1
            return self.stamp

    def fault(self, kind, text):
        with self.lock:
            setattr(self, kind, getattr(self, kind) + 1)
            self.say(f"{kind}: {text}")

    def new_item(self, queue, order, size):
        with self.lock:
            self.last_key += 1
            item = self.items[self.last_key] = Item(self.last_key, queue, order, size)
            return item

    def proves(self, sent_at):
        with self.lock:
            self.confirmed += 1
            self.synced = max(self.synced, sent_at)

    def stored(self, item, sent_at):
        with self.lock:
            self.proves(sent_at)
            item.put = "stored"

    def removing(self, item):
        if item.gone is None:
            item.gone, item.gone_at = "maybe", None

    def removed(self, item, sent_at=None):
        """Confirmed when sent_at is given; else in the log, and durable with what comes after."""
        with self.lock:
            item.gone, item.gone_at, item.lease = "sure", None, None
            if sent_at is None:
                item.gone_at = self.now()
            else:
                self.proves(sent_at)

    def given_back(self, item, lease, sent_at):
        with self.lock:
            self.proves(sent_at)
            if item.lease is lease:      # else it was handed out again meanwhile
                item.lease = None

    def received(self, queue, body, delivery, until=None, is_bound=False):
        """A VALUE was read to its end: a plain pop, or a lease until then at least."""
        key = key_of(body)
        with self.lock:
            stamp = self.now()
            self.check_delivery(delivery)
            if key is None or key > self.last_key:
                self.fault("corrupt", f"{queue}: {len(body)} bytes of no item: {body[:40]!r}")
                return None
            item = self.items.get(key)
            if item is None or item.gone == "sure" or item.put == "refused":
                state = "finished long ago" if item is None else f"{item.put}, gone {item.gone}"
                self.fault("doubled", f"{queue}: item {key} again ({state})")
                return None
            if item.lease and item.lease.is_sure and time.monotonic() < item.lease.until - SLACK:
                self.fault("doubled", f"{queue}: item {key} under the live lease "
                                      f"{item.lease.delivery} again")
            if len(body) != item.size:
                self.fault("corrupt", f"{queue}: item {key} has {len(body)}, not {item.size} bytes")
            if item.put == "unknown":
                item.put, item.seen_at = "seen", stamp
            item.gone, item.gone_at, item.lease = None, None, None
            if item.predecessor:         # it was replaced, both in one record
                item.predecessor.gone, item.predecessor.gone_at = "sure", stamp
            successor = item.successor
            while successor and successor.put in ("unknown", "seen"):
                successor.put, successor.predecessor = "refused", None
                successor = successor.successor
            if until is None:
                self.removed(item)
            else:
                item.lease = Lease(delivery, until, is_bound, stamp)
            return item

    def check_delivery(self, delivery):
        if delivery == 0:                # a get without s shows none
            return
        if delivery in self.deliveries or delivery <= self.delivery_floor:
            self.fault("other", f"delivery id {delivery} again (floor {self.delivery_floor})")
        self.deliveries.add(delivery)

    def crashed(self, is_power_cut):
        """All clients have ended."""
        self.delivery_floor = max(self.deliveries, default=self.delivery_floor)
        self.deliveries = set()
        until = time.monotonic() + TAKEOVER
        for item in self.items.values():
            if is_power_cut and item.gone == "sure" and (item.gone_at or 0) >= self.synced:
                item.gone = "maybe"
            if item.put == "seen" and is_power_cut:
                item.put = "stored" if item.seen_at < self.synced else "unknown"
            lease = item.lease
            if lease and is_power_cut and lease.stamp >= self.synced:
                lease.is_sure = False
            if lease and lease.is_bound:
                lease.until = min(lease.until, until)

    def finish(self):
        """Everything was taken out: what is missing?"""
        missing = {}
        for item in self.items.values():
            if item.put in ("stored", "seen") and item.gone is None:
                missing.setdefault(item.queue, []).append(item)
        for queue, items in missing.items():
            for item in items[self.unknown_pops.get(queue, 0):]:
                self.fault("lost", f"{queue}: item {item.key} ({item.put}, {item.size} bytes)")
        groups = {}
        for item in self.items.values():
            before = item.predecessor
            if before and before.put in ("stored", "seen") and before.gone == "maybe" \
                    and item.put == "unknown" and item.gone is None:
                self.fault("lost", f"item {before.key} and its successor {item.key} are both gone")
            if item.group and item.gone != "maybe":
                groups.setdefault(item.group, set()).add(item.put != "unknown")
        for group, states in groups.items():
            if len(states) > 1:
                self.fault("other", f"a part of the group {group} was stored")
        self.items, self.unknown_pops = {}, {}

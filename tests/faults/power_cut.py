"""The disk after a power cut, computed from the log of watched_disk.cc.

What was synced is there. Of the rest anything may be: of each 512-byte sector one of the states that
it went through since its last sync; of each file's length the same; of a folder's entries a prefix of
the changes since its last fsync, where removals and other changes may overtake each other (they stand
in different transactions on some file systems) but neither overtakes its own kind.

    disk = Disk(folder, mirror)      # both empty; the program then runs under the library
    disk.read(log)                   # after its death; may be called for several runs in a row
    disk.cut(random.Random(seed))    # the folder is now what a power cut at that moment left
"""
import os
import pathlib
import shutil
import struct

ENTRY = struct.Struct("<BBHIQQQ")
(START, CREATE, EXISTING, WRITE, ZEROS, TRUNCATE, ALLOCATE, SYNC_BEGIN, SYNC_END, FOLDER_BEGIN,
 FOLDER_END, RENAME, UNLINK, MKDIR) = range(1, 15)
SECTOR = 512


def entries(log):
    data = pathlib.Path(log).read_bytes()
    at = 0
    while at + ENTRY.size <= len(data):
        op, _, name_size, data_size, file, offset, number = ENTRY.unpack_from(data, at)
        at += ENTRY.size
        if at + name_size + data_size > len(data):
            return                       # killed while it wrote this: the change was not done
        name = data[at:at + name_size].decode()
        at += name_size
        yield op, name, file, offset, number, data[at:at + data_size]
        at += data_size


class File:
    """Its synced bytes in a file of the mirror, and what came after in `pending`."""

    def __init__(self, path):
        self.path = path
        self.pending = []                # (time, op, offset, number, data)
        path.touch()

    def sync(self, until):
        """All that was done before `until` is durable."""
        done = 0
        with self.path.open("r+b") as file:
            while done < len(self.pending) and self.pending[done][0] < until:
                apply(file, self.pending[done])
                done += 1
        del self.pending[:done]

    def cut(self, chance, is_worst):
        how = chance.choice(["nothing", "all", "prefix", "sectors", "sectors"])
        if is_worst:
            how = "nothing"
        if how == "nothing":
            self.pending.clear()
        count = len(self.pending) if how != "prefix" else chance.randrange(len(self.pending) + 1)
        keep = {"all": 1.0, "prefix": 1.0}.get(how, chance.choice([0.1, 0.5, 0.9]))
        sizes = [self.path.stat().st_size]
        frozen = set()                   # sectors that are as old as they will stay
        with self.path.open("r+b") as file:
            for change in self.pending[:count]:
                sizes.append(size_after(sizes[-1], change))
                apply_torn(file, change, chance, keep, frozen)
            if how == "prefix" and count < len(self.pending):
                sizes.append(size_after(sizes[-1], self.pending[count]))
                apply_torn(file, self.pending[count], chance, 0.5, frozen)
            last = len(sizes) - 1
            file.truncate(sizes[last if how == "all" else chance.randint(0, last)])
        self.pending.clear()


def size_after(size, change):
    _, op, offset, number, data = change
    if op == TRUNCATE:
        return number
    if op == ALLOCATE:
        return max(size, number)
    return max(size, offset + (number if op == ZEROS else len(data)))


def apply(file, change):
    _, op, offset, number, data = change
    size = os.fstat(file.fileno()).st_size
    if op == TRUNCATE:
        file.truncate(number)
    elif op == ALLOCATE:
        file.truncate(max(size, number))
    elif op == ZEROS:
        if offset < size:
            os.pwrite(file.fileno(), bytes(min(number, size - offset)), offset)
        file.truncate(max(size, offset + number))
    else:
        os.pwrite(file.fileno(), data, offset)


def apply_torn(file, change, chance, keep, frozen):
    """Sector by sector; one that misses a write misses all later ones."""
    _, op, offset, number, data = change
    if op in (TRUNCATE, ALLOCATE, ZEROS):
        first, behind = (number, 1 << 62) if op == TRUNCATE else (offset, offset + number)
        if any(first <= sector * SECTOR < behind for sector in frozen):
            return
        if op == ALLOCATE or chance.random() < keep:
            apply(file, change)
        elif op == ZEROS and offset < os.fstat(file.fileno()).st_size:
            frozen.update(range(offset // SECTOR, (offset + number + SECTOR - 1) // SECTOR))
        return
    for sector in range(offset // SECTOR, (offset + len(data) - 1) // SECTOR + 1):
        if sector in frozen or chance.random() >= keep:
            frozen.add(sector)
            continue
        begin = max(offset, sector * SECTOR)
        end = min(offset + len(data), (sector + 1) * SECTOR)
        os.pwrite(file.fileno(), data[begin - offset:end - offset], begin)


FOLDER = object()                        # stands for a folder among the entries


class Disk:
    def __init__(self, folder, mirror):
        self.folder, self.mirror = pathlib.Path(folder), pathlib.Path(mirror)
        self.durable, self.now = {}, {}  # name -> File or FOLDER
        self.pending = []                # (time, op, name, new name or None, File or FOLDER)
        self.time = self.count = 0

    def read(self, log):
        files, begun = {}, {}            # of this run
        for op, name, file, offset, number, data in entries(log):
            self.time += 1
            if op == CREATE:
                files[file] = self.add_entry(op, name, self.new_file())
            elif op == MKDIR:
                self.add_entry(op, name, FOLDER)
            elif op == EXISTING:
                files[file] = self.now[name]
            elif op in (WRITE, ZEROS, TRUNCATE, ALLOCATE):
                files[file].pending.append((self.time, op, offset, number, data))
            elif op in (SYNC_BEGIN, FOLDER_BEGIN):
                begun[number] = self.time
            elif op == SYNC_END:
                files[file].sync(begun[number])
            elif op == FOLDER_END:
                self.sync_folder(name, begun[number])
            elif op == RENAME:
                new = data.decode()
                self.pending.append((self.time, op, name, new, None))
                self.now[new] = self.now.pop(name)
            elif op == UNLINK:
                self.pending.append((self.time, op, name, None, None))
                del self.now[name]

    def new_file(self):
        self.count += 1
        return File(self.mirror / str(self.count))

    def add_entry(self, op, name, thing):
        self.pending.append((self.time, op, name, None, thing))
        self.now[name] = thing
        return thing

    def sync_folder(self, folder, until):
        def is_synced(change):
            return change[0] < until and (os.path.dirname(change[2]) or ".") == folder
        for change in self.pending:
            if is_synced(change):
                self.commit(change)
        self.pending = [change for change in self.pending if not is_synced(change)]

    def commit(self, change):
        _, op, name, new, thing = change
        if op == RENAME:
            if name in self.durable:
                self.durable[new] = self.durable.pop(name)
        elif op == UNLINK:
            self.durable.pop(name, None)
        else:
            self.durable[name] = thing

    def differences(self):
        """Where the real folder is not what the log says: the library has missed a call."""
        real = {str(path.relative_to(self.folder)) for path in self.folder.rglob("*")}
        found = [f"{name}: only on one side" for name in real ^ set(self.now)]
        for name in real & set(self.now):
            if self.now[name] is FOLDER:
                continue
            copy = self.mirror / "copy"
            shutil.copyfile(self.now[name].path, copy)
            with copy.open("r+b") as file:
                for change in self.now[name].pending:
                    apply(file, change)
            if copy.read_bytes() != (self.folder / name).read_bytes():
                found.append(f"{name}: other bytes")
            copy.unlink()
        return found

    def cut(self, chance, is_worst=False):
        """Puts into the folder what a power cut now may leave (is_worst: what was synced, no more).
        The disk is all durable then."""
        removals = sum(change[1] == UNLINK for change in self.pending)
        others = len(self.pending) - removals
        if is_worst:
            kept = []
        elif chance.random() < 0.5:      # one order for all
            kept = self.pending[:chance.randint(0, len(self.pending))]
        else:
            left = {True: chance.randint(0, removals), False: chance.randint(0, others)}
            kept, blocked = [], set()
            for change in self.pending:
                is_removal = change[1] == UNLINK
                left[is_removal] -= 1
                if left[is_removal] < 0 or change[2] in blocked:
                    blocked.update({change[2], change[3]})
                else:
                    kept.append(change)
        for change in kept:
            self.commit(change)
        self.pending.clear()
        while True:                      # what stands in a lost folder is lost
            lost = [name for name in self.durable if os.path.dirname(name) and
                    os.path.dirname(name) not in self.durable]
            if not lost:
                break
            for name in lost:
                del self.durable[name]
        self.now = dict(self.durable)
        alive = {thing.path for thing in self.now.values() if thing is not FOLDER}
        for path in set(self.mirror.iterdir()) - alive:
            path.unlink()
        for thing in self.now.values():
            if thing is not FOLDER:
                thing.cut(chance, is_worst)
        self.restore()

    def restore(self):
        for path in self.folder.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        for name in sorted(self.now):
            if self.now[name] is FOLDER:
                (self.folder / name).mkdir()
            else:
                shutil.copyfile(self.now[name].path, self.folder / name)

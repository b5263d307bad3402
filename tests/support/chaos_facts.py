"""What tests/shown/supervisor/02_chaos looks at when the chaos is over: gathered from /proc, the
logs and the workers' own counts, never from what the supervisor says of itself alone."""
import contextlib
import os
import pathlib
import re

from shown_daemons import NotWithin, is_alive, state_of, wait_until

RSS_MAX_KIB = 16 * 1024      # 8 MiB at rest; a thousandfold of what runs here would be seen
BLOCK_LINES = 65536 // 14 + 1  # of what one read of a prefixed sink takes: "NONCE N\n"
# What stands unread in its pipe is lost when a process and its supervisor die in the same moment.
# Without the latter it never is: as many processes die as supervisors.
KILLS_PER_END = 50
LINES_MIN = 100              # fewer would prove nothing


def parent_of(pid):
    try:
        return int(pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
    except OSError:
        return 0


def processes_of(site):
    """Every living worker in the site's folder."""
    found = []
    for entry in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if (os.readlink(entry / "cwd") == str(site.root) and is_alive(entry.name) and
                    b"worker.py" in (entry / "cmdline").read_bytes()):
                found.append(int(entry.name))
        except OSError:
            pass  # it has ended while it was looked at
    return found


def supervisor_of(site):
    """Its pid while it lives, also in the first moments of it, when the file names a dead one."""
    words = site.text("tmp/daemonz/daemonz.lock").split()
    with contextlib.suppress(OSError):
        if words and is_alive(words[0]) and os.readlink(f"/proc/{words[0]}/cwd") == str(site.root):
            return int(words[0])
    return 0


def zombies_of(supervisor):
    return [int(entry.name) for entry in pathlib.Path("/proc").glob("[0-9]*")
            if state_of(entry.name) == "Z" and parent_of(entry.name) == supervisor]


def strays_of(site, rows):
    """Living processes that belong to no instance which runs: not in its tree, not its child."""
    mains = {row["pid"] for row in rows.values() if row["pid"]}
    trees = set()
    for pid in mains:
        trees |= tree_of(pid)
    return [pid for pid in processes_of(site) if pid not in mains and not tree_of(pid) & trees]


def tree_of(pid):
    """What ties a process to its instance: the mark in its environment."""
    try:
        text = pathlib.Path(f"/proc/{pid}/environ").read_bytes()
        return {part for part in text.split(b"\0") if part.startswith(b"DAEMONZ_TREE=")}
    except OSError:
        return set()


def rss_kib(pid):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", text)[1])


def lines_of(site, daemon):
    """Per run of a process: the numbers in the order of the log, the oldest file first."""
    runs = {}
    for path in sorted((site.root / "log").glob(f"{daemon}.*.log*"),
                       key=lambda p: -int(p.suffix[1:]) if p.suffix != ".log" else 0):
        for line in path.read_text(errors="replace").splitlines():
            match = re.search(r"([0-9a-f]{12}) (\d+)$", line)
            if match:
                runs.setdefault(match[1], []).append(int(match[2]))
    return runs


def counts_of(site, daemon):
    counts = {}
    for path in (site.root / "counts").glob(f"{daemon}:*"):
        text = path.read_text().strip()
        counts[path.name.split(".")[1]] = int(text) if text else 0
    return counts


def compare(runs, counts):
    """(lines, lost, doubled, ends): lost are those before one that is there; ends are the processes
    whose last lines are missing."""
    lines = lost = doubled = ends = 0
    for nonce, count in counts.items():
        numbers = runs.get(nonce, [])
        unique = set(numbers)
        last = max(unique, default=0)
        lines += len(unique)
        doubled += len(numbers) - len(unique)
        lost += last - len(unique)
        ends += last < count
    return lines, lost, doubled, ends


def not_up(site, instances, patience_s):
    """What is wanted and does not run within its time; what runs and is not wanted."""
    with contextlib.suppress(NotWithin):
        wait_until(lambda: site.code() == 0, "wanted = actual", patience_s)
    rows = site.rows().values()
    wrong = [f"{row['name']} {row['state']}" for row in rows if not (row["wanted"] and row["ready"])]
    for daemon, count in instances.items():
        running = len(site.pids(daemon))
        if running != count:
            wrong.append(f"{daemon}: {running} of {count}")
    return wrong


def outdated(site, marks):
    """What runs as the file was once: each process has its daemon's mark in its environment."""
    found = []
    for row in site.rows().values():
        with contextlib.suppress(OSError):
            said = pathlib.Path(f"/proc/{row['pid']}/environ").read_bytes().split(b"\0")
            if b"MARK=%d" % marks[row["daemon"]] not in said:
                found.append(row["name"])
    return found


def gather(site, instances, marks, patience_s=60, meanwhile=contextlib.nullcontext()):
    """The facts, then the site is stopped. `instances`: how many of each daemon should run;
    `marks`: as the file has them; `meanwhile`: entered while zombies are looked for."""
    facts = {"not_up": not_up(site, instances, patience_s), "outdated": outdated(site, marks)}
    supervisor = site.supervisor()
    facts["rss_kib"] = rss_kib(supervisor)
    facts["strays"] = strays_of(site, site.rows())
    facts["zombies"] = []
    with meanwhile:
        try:
            wait_until(lambda: not zombies_of(supervisor), "no zombie", min(10, patience_s))
        except NotWithin:
            facts["zombies"] = zombies_of(supervisor)
    site.daemonz("stop")
    facts["left"] = processes_of(site)
    facts["second"] = sorted(path.name for path in (site.root / "second").iterdir())
    for daemon in ("raw", "prefixed"):
        facts[daemon] = compare(lines_of(site, daemon), counts_of(site, daemon))
    return facts


def judge(facts, supervisor_kills):
    """What is wrong, by the name of the promise; empty: nothing is."""
    wrong = {}
    for daemon, doubled_max in (("raw", 0), ("prefixed", BLOCK_LINES * supervisor_kills)):
        lines, lost, doubled, ends = facts[daemon]
        if lost or lines < LINES_MIN or ends > supervisor_kills // KILLS_PER_END:
            wrong[f"{daemon}: lost"] = f"{lost} of {lines}, and the last ones of {ends}"
        if doubled > doubled_max:
            wrong[f"{daemon}: doubled"] = f"{doubled} of {lines}"
    for key in ("second", "zombies", "strays", "left", "not_up", "outdated"):
        if facts[key]:
            wrong[key] = facts[key]
    if facts["rss_kib"] > RSS_MAX_KIB:
        wrong["memory"] = f"the supervisor has {facts['rss_kib']} KiB"
    return wrong

"""Faults for the controls of tests/shown/supervisor/02_chaos, planted from outside, behind the back of
a supervisor that runs: what its own bugs would leave behind."""
import contextlib
import fcntl
import os
import re
import signal
import socket
import subprocess
import sys
import termios

from chaos_facts import RSS_MAX_KIB, processes_of, rss_kib, zombies_of
from shown_daemons import wait_until

PROMISES = {"raw: lost", "raw: doubled", "prefixed: lost", "prefixed: doubled", "second", "strays",
            "left", "zombies", "memory", "not_up", "outdated"}  # as chaos_facts.judge names them


@contextlib.contextmanager
def frozen(pid):
    """SIGSTOP, for as long as this lasts."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def standing_in(pipe):
    return int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, b"\0" * 4), sys.byteorder)


def take_lines(site, instance, times):
    """What stands in the pipe is taken out and put back `times` times. Each line is one write, so
    whole lines stand there."""
    pipe = os.open(site.root / f"tmp/daemonz/io/{instance}", os.O_RDWR | os.O_NONBLOCK)
    with frozen(site.supervisor()):
        wait_until(lambda: standing_in(pipe) > 100, "lines in the pipe")
        text = os.read(pipe, 65536)
        for _ in range(times):
            os.write(pipe, text)
    os.close(pipe)


def start_everything_twice(site):
    """A second supervisor for the same daemons: with a lock, state and logs of its own."""
    twin = site.root / "config/twin.yml"
    twin.write_text("state_dir: tmp/twin\nmaster_file: tmp/twin.lock\nlogger: log/twin.log\n" +
                    re.sub(r"log: {(path: \S+ )?", "log: {path: /dev/null, ",
                           site.text("config/daemonz.yml")))
    site.daemonz("start", "--no-wait", "--config", twin)
    wait_until(lambda: list((site.root / "second").iterdir()), "a second instance")
    site.daemonz("stop", "--config", twin)


def leave_an_orphan(site):
    """Forked off in a session of its own, with nothing that ties it to anybody."""
    before = set(processes_of(site))
    subprocess.run(["setsid", "--fork", "/usr/bin/python3", "-c", "import time; time.sleep(1000)",
                    "worker.py"], cwd=site.root, env={}, check=True,
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return wait_until(lambda: set(processes_of(site)) - before, "the orphan").pop()


@contextlib.contextmanager
def zombie(site):
    """One child dies while the supervisor cannot look."""
    pid, victim = site.supervisor(), site.row("storm")["pid"]
    with frozen(pid):
        os.kill(victim, signal.SIGKILL)
        wait_until(lambda: victim in zombies_of(pid), "the zombie")
        yield


@contextlib.contextmanager
def swollen(site):
    """The supervisor keeps answers that nobody reads: until its memory is above RSS_MAX_KIB."""
    with contextlib.ExitStack() as held:
        for _ in range(8):
            line = held.enter_context(socket.socket(socket.AF_UNIX))
            line.connect(str(site.root / "tmp/daemonz/control.sock"))
            for _ in range(2000):
                line.sendall(b'{"version":1,"command":"status"}\n')
        wait_until(lambda: rss_kib(site.supervisor()) > RSS_MAX_KIB, "a large supervisor")
        yield


@contextlib.contextmanager
def all_but_the_zombie(site):
    """Gives the orphan's pid, and ends it."""
    take_lines(site, "raw.0", times=0)
    take_lines(site, "raw.1", times=2)
    take_lines(site, "prefixed.0", times=0)
    take_lines(site, "prefixed.1", times=2)
    start_everything_twice(site)
    site.daemonz("stop", "raw:2")
    orphan = leave_an_orphan(site)
    try:
        with swollen(site):
            yield orphan
    finally:
        os.kill(orphan, signal.SIGKILL)

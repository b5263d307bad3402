"""What lines about judging look at: how long a result took, and what is left of its runs."""
import ctypes
import datetime
import os
import pathlib
import re


def become_subreaper():
    """From here on what outlives the programs that we start is our child: see orphans()."""
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER, see prctl(2)


def seconds(result):
    started, ended = (datetime.datetime.fromisoformat(result[key].replace("Z", "+00:00"))
                      for key in ("started", "ended"))
    return (ended - started).total_seconds()


def orphans():
    """Processes that outlived the programs that we started: see become_subreaper()."""
    found = []
    for children in pathlib.Path("/proc/self/task").glob("*/children"):
        found += children.read_text().split()
    return found


def groups():
    """Groups of runs whose keeper is gone; those of others' live keepers come and go."""
    return {path for path, _, _ in os.walk("/sys/fs/cgroup")
            if (match := re.search(r"daemonz-run\.(\d+)", path))
            and not pathlib.Path("/proc", match.group(1)).exists()}

"""A small virtual machine with Debian's own kernel and a pure cgroup v2 tree (or v1), for what
this machine's kernel or control groups cannot show. Not an installation: its root is a tmpfs with
the programs that are named, the libraries that they need, and a shell, all of this machine. It has
no disk and no network, and lives as long as its one script.

By KVM where that works (is_fast), else emulated, some twenty times slower.
Sources: the kernel's Documentation/driver-api/early-userspace/buffer-format.rst, switch_root(8).
"""
import functools
import gzip
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import threading

TRIAL_SECONDS = 30   # to boot by KVM takes two
TOOLS = ("sh", "mount", "mkdir", "cp", "chown", "chmod", "cat", "sleep", "rmdir", "ls", "setpriv",
         "switch_root", "unshare", "grep", "kill")
LINKS = {"bin": "usr/bin", "sbin": "usr/sbin", "lib": "usr/lib", "lib64": "usr/lib64"}
# The first root is the kernel's own, from which nobody can pivot_root: everything moves to a tmpfs.
FIRST = """#!/bin/sh
mount -t proc proc /proc
mount -t tmpfs -o mode=755 root /new
cp -a /usr /etc /given /second /bin /sbin /lib /lib64 /new
mkdir -m 755 /new/proc /new/sys /new/dev /new/run
mkdir -m 1777 /new/tmp
exec switch_root /new /second 2>/dev/null
"""
SECOND = """#!/bin/sh
export PATH=/usr/bin:/usr/sbin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
{groups}
cd /given
echo "guest: up"
sh /given/script </dev/null 2>&1
echo "guest: exit $?"
exec sleep 1000
"""


GROUPS = {
    "v2": "mount -t cgroup2 -o nsdelegate cgroup2 /sys/fs/cgroup",
    "v1": """mount -t tmpfs -o mode=755 groups /sys/fs/cgroup
for controller in cpu cpuacct memory pids; do
  mkdir /sys/fs/cgroup/$controller
  mount -t cgroup -o $controller $controller /sys/fs/cgroup/$controller
done"""}


def newc(name, mode, data=b"", devices=(0, 0)):
    """One entry of an archive that the kernel unpacks at its start."""
    path = name.encode() + b"\0"
    fields = (0, mode, 0, 0, 1, 0, len(data), 0, 0, *devices, len(path), 0)
    head = b"070701" + b"".join(b"%08X" % field for field in fields) + path
    return head + b"\0" * (-len(head) % 4) + data + b"\0" * (-len(data) % 4)


def libraries_of(path):
    """The files that a program is linked with; none for a script or a static one."""
    found = subprocess.run(["ldd", path], capture_output=True, text=True).stdout
    return re.findall(r"(?:=> |^\s)(/\S+) \(0x", found, re.M)


def which(tool):
    for folder in ("/usr/bin", "/usr/sbin"):
        if os.access(f"{folder}/{tool}", os.X_OK):
            return f"{folder}/{tool}"
    raise FileNotFoundError(f"{tool}: not on this machine")


def image(given, script, groups):
    """The archive. `given`: name below /given -> file of this machine."""
    files = {}                       # path in the guest -> (mode, bytes)
    def add(path, source, mode=0o755):
        files[path.lstrip("/")] = (mode, pathlib.Path(source).read_bytes())
    needed = set()
    for tool in TOOLS:
        source = which(tool)
        add(source, source)
        needed.update(libraries_of(source))
    for name, source in given.items():
        is_program = os.access(source, os.X_OK)
        add(f"given/{name}", source, 0o755 if is_program else 0o644)
        if is_program:
            needed.update(libraries_of(source))
    for library in needed:
        add("usr" + re.sub(r"^/usr", "", library), library)
    files["init"] = (0o755, FIRST.encode())
    files["second"] = (0o755, SECOND.replace("{groups}", GROUPS[groups]).encode())
    files["given/script"] = (0o644, script.encode())
    files["etc/passwd"] = (0o644, b"root:x:0:0::/:/bin/sh\nguest:x:1000:1000::/:/bin/sh\n")
    folders = {str(parent) for path in files for parent in pathlib.PurePath(path).parents}
    folders |= {"proc", "new", "dev", "usr/lib64"}
    parts = [newc(path, 0o040755) for path in sorted(folders - {"."})]
    parts += [newc(name, 0o120777, target.encode()) for name, target in LINKS.items()]
    for name, devices in (("console", (5, 1)), ("null", (1, 3))):
        parts.append(newc(f"dev/{name}", 0o020600, devices=devices))
    parts += [newc(path, 0o100000 | mode, data) for path, (mode, data) in files.items()]
    return gzip.compress(b"".join(parts) + newc("TRAILER!!!", 0), compresslevel=1)


def is_here():
    """False: there is no emulator (script/setup --vm)."""
    return shutil.which("qemu-system-x86_64") is not None


@functools.cache
def is_fast(kernel):
    """True if KVM runs this kernel: tried out, as not every /dev/kvm runs every guest."""
    # Other modules than these two serve guests of their own kind only.
    return (os.access("/dev/kvm", os.R_OK | os.W_OK)
            and any(pathlib.Path("/sys/module", name).exists() for name in ("kvm_intel", "kvm_amd"))
            and run(kernel, {}, "exit 0", TRIAL_SECONDS, is_emulated=False)[1] == 0)


def run(kernel, given, script, seconds, groups="v2", memory_mib=2048, is_emulated=True):
    """The lines that the script printed, and its exit code (None: it did not come to its end).

    `given`: name below /given -> file of this machine. `script` runs there as root, with sh and
    TOOLS. `groups`: a pure v2 tree, or one of v1."""
    with tempfile.TemporaryDirectory(prefix="daemonz-guest.") as folder:
        archive = pathlib.Path(folder, "root.gz")
        archive.write_bytes(image(given, script, groups))
        words = "console=ttyS0 quiet loglevel=1 panic=-1" + " cgroup_no_v1=all" * (groups == "v2")
        command = ["qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none",
                   "-no-reboot", "-serial", "stdio", "-nic", "none", "-smp", "2",
                   "-m", str(memory_mib), "-accel", "tcg" if is_emulated else "kvm",
                   "-cpu", "max" if is_emulated else "host,arch-capabilities=off",
                   "-kernel", kernel, "-initrd", archive, "-append", words]
        lines = []
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT) as machine:
            limit = threading.Timer(seconds, machine.kill)
            limit.start()
            try:
                for line in machine.stdout:
                    line = line.decode(errors="replace").rstrip("\r\n")
                    if found := re.fullmatch(r"guest: exit (\d+)", line):
                        return lines, int(found.group(1))
                    lines = [] if line == "guest: up" else lines + [line]
            finally:   # it has no disk: nothing is lost by taking the power away
                limit.cancel()
                machine.kill()
    return lines + ["the virtual machine ended, or took too long"], None

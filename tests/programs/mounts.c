// Changes the shape of the file system.
// kind: probe
// allowed: OK
// never: it mounts, unmounts or changes a root
#define _GNU_SOURCE
#include "probe.h"

#include <sys/wait.h>
#include <sched.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

// What a user namespace of one's own allows, in a child: nobody else sees these mounts.
static void mount_as_own_root(void) {
  const pid_t child = fork();
  if (child == 0) {
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 && mount("none", "/tmp", "tmpfs", 0, NULL) == 0)
      escape("a mount in namespaces of its own");
    _exit(0);
  }
  waitpid(child, NULL, 0);
}

int main(void) {
  mount_as_own_root();
  mkdir("/box/x", 0755);
  must_fail(mount("none", "/box/x", "tmpfs", 0, NULL), "mount tmpfs");
  must_fail(mount("none", "/box/x", "proc", 0, NULL), "mount proc");
  must_fail(mount("/usr", "/box/x", NULL, MS_BIND, NULL), "bind mount");
  must_fail(mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND, NULL), "remount /");
  must_fail(umount2("/proc", MNT_DETACH), "umount /proc");
  must_fail(umount2("/box", MNT_DETACH), "umount /box");
  must_fail(chroot("/box"), "chroot");
  must_fail(syscall(SYS_pivot_root, "/box", "/box/x"), "pivot_root");
  must_fail(syscall(SYS_fsopen, "tmpfs", 0), "fsopen");
  must_fail(syscall(SYS_open_tree, AT_FDCWD, "/", 1), "open_tree");
  must_fail(mknod("/box/disk", S_IFBLK | 0600, makedev(254, 0)), "block device");
  must_fail(mknod("/box/memory", S_IFCHR | 0600, makedev(1, 1)), "character device");
  return 0;
}

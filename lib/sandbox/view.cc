#include "sandbox/view.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <string>

#include "base/error.h"
#include "sandbox/layers.h"
#include "sandbox/system.h"

// sys/mount.h and linux/mount.h may be included together since glibc 2.36.

namespace daemonz::sandbox {
namespace {

// The common root holds folders, links and two short files.
constexpr const char* root_options = "size=1m,nr_inodes=256,mode=0755";
constexpr std::uint64_t linker_cache_size_max = 512 * 1024;

constexpr const char* passwd_text =
    "root:x:0:0::/:/usr/sbin/nologin\nbox:x:1000:1000::/box:/bin/sh\n";
constexpr const char* group_text = "root:x:0:\nbox:x:1000:\n";

void check(int result, const char* stage) {
  if (result != 0) throw_errno(stage);
}

void make_folder(const char* path) { check(::mkdir(path, 0755), path); }

void write_new_file(const char* path, const std::string& text) {
  const UniqueFd file(::open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
  if (!file.is_open() ||
      ::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    throw_errno(path);
}

/// The host's `source`, with all that is mounted below it, at the relative path `target`.
void bind_read_only(const char* source, const char* target) {
  check(::mount(source, target, nullptr, MS_BIND | MS_REC, nullptr), source);
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
  if (::syscall(SYS_mount_setattr, AT_FDCWD, target, AT_RECURSIVE, &attributes,
                sizeof attributes) != 0)
    throw_errno(source);
}

/// /bin, /lib and the like: links into /usr on today's systems, folders on older ones.
void copy_link_or_bind(const char* source) {
  const char* target = source + 1;
  struct stat found {};
  if (::lstat(source, &found) != 0) return;  // this machine has none
  if (S_ISLNK(found.st_mode)) {
    char text[256];
    const auto size = ::readlink(source, text, sizeof text - 1);
    if (size < 0) throw_errno(source);
    text[size] = '\0';
    check(::symlink(text, target), source);
  } else {
    make_folder(target);
    bind_read_only(source, target);
  }
}

void build_devices() {
  make_folder("dev");
  for (const char* device : {"dev/null", "dev/zero", "dev/full", "dev/random", "dev/urandom"}) {
    write_new_file(device, "");
    check(::mount((std::string("/") + device).c_str(), device, nullptr, MS_BIND, nullptr), device);
  }
  check(::symlink("/proc/self/fd", "dev/fd"), "dev/fd");
  check(::symlink("/proc/self/fd/0", "dev/stdin"), "dev/stdin");
  check(::symlink("/proc/self/fd/1", "dev/stdout"), "dev/stdout");
  check(::symlink("/proc/self/fd/2", "dev/stderr"), "dev/stderr");
  check(::symlink("/tmp", "dev/shm"), "dev/shm");  // POSIX shared memory lives in the run's /tmp
}

/// Only what compilers and interpreters cannot do without: the links behind /usr/bin/cc and the
/// like, the linker's cache, Java's settings. Nothing that names the machine or its people.
void build_etc() {
  make_folder("etc");
  write_new_file("etc/passwd", passwd_text);
  write_new_file("etc/group", group_text);
  for (const char* folder : {"/etc/alternatives", "/etc/java-17-openjdk"}) {
    if (::access(folder, R_OK | X_OK) != 0) continue;
    make_folder(folder + 1);
    bind_read_only(folder, folder + 1);
  }
  const UniqueFd cache(::open("/etc/ld.so.cache", O_RDONLY | O_CLOEXEC));
  struct stat found {};
  if (!cache.is_open() || ::fstat(cache.get(), &found) != 0) return;
  const auto size = static_cast<std::uint64_t>(found.st_size);
  if (size > linker_cache_size_max) return;  // a cache only: the linker searches without it
  const UniqueFd copy(::open("etc/ld.so.cache", O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
  if (!copy.is_open()) throw_errno("etc/ld.so.cache");
  copy_bytes(cache.get(), copy.get(), size, "etc/ld.so.cache");
}

}  // namespace

void make_read_only(const char* folder) {
  constexpr auto flags = MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV;
  check(::mount(nullptr, folder, nullptr, flags, nullptr), folder);
}

void enter_view() {
  check(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), "private mounts");
  // /tmp is only a place to stand on; the host's own /tmp stays behind the old root.
  check(::mount("daemonz", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, root_options), "root tmpfs");
  check(::chdir("/tmp"), "root tmpfs");
  make_folder("usr");
  bind_read_only("/usr", "usr");
  for (const char* path : {"/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"})
    copy_link_or_bind(path);
  build_etc();
  build_devices();
  for (const char* folder : {"box", "tmp", "program", "proc"}) make_folder(folder);
  // The kernel lets a run mount its own /proc only where a whole one is in sight already; the run's
  // covers this one. The keeper needs it to write the maps of its runs.
  check(::mount("/proc", "proc", nullptr, MS_BIND | MS_REC, nullptr), "bind /proc");
  if (::syscall(SYS_pivot_root, ".", ".") != 0) throw_errno("pivot_root");
  check(::umount2(".", MNT_DETACH), "detach the old root");
  check(::chdir("/"), "chdir");
  make_read_only("/");
}

void mount_run_folders(const Limits& limits) {
  // tmpfs(5): 0 would be no limit at all. The least is a page; and an inode for its root folder.
  const auto options = "size=" + std::to_string(std::max<std::uint64_t>(limits.scratch.count, 1)) +
                       ",nr_inodes=" + std::to_string(limits.inodes + 1ULL) +
                       ",uid=1000,gid=1000,mode=";
  constexpr auto flags = MS_NOSUID | MS_NODEV;
  check(::mount("box", "/box", "tmpfs", flags, (options + "0755").c_str()), "mount /box");
  check(::mount("tmp", "/tmp", "tmpfs", flags, (options + "1777").c_str()), "mount /tmp");
  // The kernel mounts only a /proc of one's own pid namespace.
  if (layers.pid_namespace)
    check(::mount("proc", "/proc", "proc", flags | MS_NOEXEC, "hidepid=2,subset=pid"),
          "mount /proc");
}

void mount_program_folder(Bytes size) {
  constexpr std::uint64_t slack = 64 * 1024;  // a tmpfs counts whole pages
  const auto options =
      "size=" + std::to_string(size.count + slack) + ",mode=0755,uid=1000,gid=1000";
  check(::mount("program", "/program", "tmpfs", MS_NOSUID | MS_NODEV, options.c_str()),
        "mount /program");
}

}  // namespace daemonz::sandbox

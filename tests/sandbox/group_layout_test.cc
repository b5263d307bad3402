// The texts are those of real machines, shortened to the lines that matter.
#include "sandbox/group_layout.h"

#include <fstream>
#include <sstream>

#include <doctest/doctest.h>

using namespace daemonz::sandbox;

namespace {

using Places = std::vector<std::string>;

/// Of the one hierarchy that there must be.
Hierarchy one(std::string_view controller, const std::string& groups, const std::string& mounts) {
  const auto found = find_hierarchies(controller, groups, mounts);
  REQUIRE(found.size() == 1);
  return found[0];
}

const std::string debian_12_mounts =
    "24 30 0:22 / /proc rw,nosuid,nodev,noexec,relatime shared:12 - proc proc rw\n"
    "29 23 0:26 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:9 - cgroup2 cgroup2 "
    "rw,nsdelegate,memory_recursiveprot\n";

}  // namespace

TEST_CASE("sandbox: a login session on systemd has its own group and all above it to look in") {
  const auto found = one("", "0::/user.slice/user-1000.slice/session-3.scope\n", debian_12_mounts);
  CHECK(found.top == "/sys/fs/cgroup");
  CHECK(places_for_runs(found) ==
        Places{"/sys/fs/cgroup/user.slice/user-1000.slice/session-3.scope",
               "/sys/fs/cgroup/user.slice/user-1000.slice", "/sys/fs/cgroup/user.slice",
               "/sys/fs/cgroup"});
}

TEST_CASE("sandbox: in a user's own service the delegated groups come first") {
  const auto found =
      one("", "0::/user.slice/user-1000.slice/user@1000.service/app.slice/run-u7.scope\n",
          debian_12_mounts);
  const auto places = places_for_runs(found);
  REQUIRE(places.size() == 6);
  CHECK(places[1] == "/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/app.slice");
}

TEST_CASE("sandbox: a supervisor's group, and those of its instances, are no place for runs") {
  const auto found =
      one("", "0::/system.slice/site.service/daemonz-4f2a/processor.1\n", debian_12_mounts);
  CHECK(places_for_runs(found) ==
        Places{"/sys/fs/cgroup/system.slice/site.service/daemonz-4f2a/processor.1",
               "/sys/fs/cgroup/system.slice", "/sys/fs/cgroup"});
}

TEST_CASE("sandbox: a hybrid machine has a group of its own in each hierarchy") {
  const std::string groups =
      "9:name=systemd:/\n8:pids:/\n4:memory:/process_api/a6eb00d1\n2:cpuacct:/\n1:cpu:/\n0::/\n";
  const std::string mounts =
      "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n"
      "33 31 0:30 / /sys/fs/cgroup/cpuacct rw,relatime - cgroup cgroup rw,cpuacct\n"
      "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n"
      "40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,name=systemd\n"
      "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n";
  CHECK(one("memory", groups, mounts).own == "/sys/fs/cgroup/memory/process_api/a6eb00d1");
  CHECK(one("cpuacct", groups, mounts).own == "/sys/fs/cgroup/cpuacct");
  CHECK(one("", groups, mounts).own == "/sys/fs/cgroup/unified");
  CHECK(find_hierarchies("pids", groups, mounts).empty());  // not mounted
  CHECK(find_hierarchies("systemd", groups, mounts).empty());
}

TEST_CASE("sandbox: controllers that share a hierarchy are both found in it") {
  const std::string groups = "5:cpu,cpuacct:/user.slice\n";
  const std::string mounts =
      "33 25 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:15 - cgroup cgroup "
      "rw,cpu,cpuacct\n";
  CHECK(one("cpuacct", groups, mounts).own == "/sys/fs/cgroup/cpu,cpuacct/user.slice");
  CHECK(one("cpu", groups, mounts).top == "/sys/fs/cgroup/cpu,cpuacct");
}

TEST_CASE("sandbox: a container sees the part of the tree that is mounted for it") {
  // Docker on v1, without a cgroup namespace: the mount's root is the container's group.
  CHECK(one("memory", "4:memory:/docker/c0ffee/below\n",
            "812 806 0:31 /docker/c0ffee /sys/fs/cgroup/memory ro,nosuid master:16 - cgroup cgroup "
            "rw,memory\n")
            .own == "/sys/fs/cgroup/memory/below");
  // With one, on v2: everything starts at its root.
  const auto found =
      one("", "0::/\n", "612 611 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup rw,nsdelegate\n");
  CHECK(places_for_runs(found) == Places{"/sys/fs/cgroup"});
}

TEST_CASE("sandbox: a mount that shows another part of the tree is left out") {
  const std::string inside = "90 80 0:26 /docker/c0ffee /sys/fs/cgroup rw - cgroup2 cgroup rw\n";
  CHECK(find_hierarchies("", "0::/docker/c0ffeebabe\n", inside).empty());  // no component's end
  CHECK(find_hierarchies("", "0::/system.slice/cron.service\n", inside).empty());
  // In a new cgroup namespace with the old mount, and for a process outside of one's namespace.
  CHECK(find_hierarchies("", "0::/\n", "90 80 0:26 /../.. /sys/fs/cgroup rw - cgroup2 c rw\n")
            .empty());
  CHECK(find_hierarchies("", "0::/../other\n", debian_12_mounts).empty());
  // A second mount may show it.
  const auto second = inside + "91 80 0:26 / /mnt/all\\040groups rw - cgroup2 cgroup rw\n";
  CHECK(one("", "0::/a:b\n", second).own == "/mnt/all groups/a:b");
}

TEST_CASE("sandbox: without control groups, and from torn texts, nothing is found") {
  CHECK(find_hierarchies("", "", debian_12_mounts).empty());
  CHECK(find_hierarchies("", "0::/\n", "").empty());
  CHECK(find_hierarchies("memory", "no colons\n4:memory\n", debian_12_mounts).empty());
  CHECK(find_hierarchies("", "0::/\n", "29 23\n-\n - cgroup2\n\n").empty());
}

TEST_CASE("sandbox: this machine's own texts are understood") {
  const auto text = [](const char* path) {
    std::ostringstream all;
    all << std::ifstream(path).rdbuf();
    return all.str();
  };
  for (const auto& found :
       find_hierarchies("", text("/proc/self/cgroup"), text("/proc/self/mountinfo")))
    CHECK(std::ifstream(found.own + "/cgroup.procs").is_open());
}

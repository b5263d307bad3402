// The keeper with a layer of the isolation taken away, named by the program's own name:
// keeper-without-seccomp, keeper-without-landlock, .. For tests only; the shipped keeper is built
// without DAEMONZ_SANDBOX_TEST_LAYERS and holds nothing of this.
#include <string_view>
#include <utility>

#include "sandbox/keeper.h"
#include "sandbox/layers.h"

int main(int argc, char** argv) {
  using daemonz::sandbox::layers;
  const std::string_view name = argv[0];
  const std::pair<std::string_view, bool&> named[] = {
      {"-without-seccomp", layers.seccomp},
      {"-without-landlock", layers.landlock},
      {"-without-pid_namespace", layers.pid_namespace},
      {"-without-user_namespace_ban", layers.user_namespace_ban},
      {"-without-net_namespace", layers.net_namespace},
      {"-without-cgroup", layers.cgroup}};
  for (const auto& [suffix, layer] : named)
    if (name.ends_with(suffix)) layer = false;
  return daemonz::sandbox::keeper_main(argc, argv);
}

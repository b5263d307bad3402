// The layers of the isolation that a test may take away, to prove that each of them is needed.
// In the shipped keeper this is a set of constants: nothing at run time can change them, and the
// code that would skip a layer is not compiled. Only the keeper of tests/sandbox is built with
// DAEMONZ_SANDBOX_TEST_LAYERS.
#pragma once

namespace daemonz::sandbox {

struct Layers {
  bool seccomp = true;
  bool landlock = true;
  bool pid_namespace = true;
  bool user_namespace_ban =
      true;  ///< max_user_namespaces=0 and the filter's rules on CLONE_NEWUSER
  bool net_namespace = true;
  bool cgroup = true;  ///< the run joins its groups
};

#ifdef DAEMONZ_SANDBOX_TEST_LAYERS
inline Layers layers;  // set once by the test keeper's main, before anything else
#else
inline constexpr Layers layers;
#endif

}  // namespace daemonz::sandbox

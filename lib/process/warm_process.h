// A small process that is forked while this one has one thread and no connection, and starts
// children for it later: forked ones that begin in this program's code as it was then (Resque's
// fork per job), and programs. So a large process with threads never forks. When its owner is gone
// it kills every tree that it started, and leaves. Follows sandbox.md, "The warm process for
// isolation `fork` starts before any connection", and jobs.md, "Isolation per task".
//
//     auto warm = process::WarmProcess::start([](std::vector<UniqueFd> given) { .. return 0; });
//     ... threads, connections ..
//     auto forked = warm->start_child({.descriptors = {channel.get()}});   // runs the body
//     auto program = warm->start_child({.argv = {"resize"}, .descriptors = {in, out, err}});
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "process/child.h"
#include "process/tree.h"

namespace daemonz::process {

/// How a child ended: one of the two is set; none: nobody knows, the warm process died.
struct WarmEnd {
  std::optional<int> exit_code, signal;
};

/// A child of the warm process, and the duty to end its tree. Move-only. Threads: one.
class WarmChild {
 public:
  WarmChild(UniqueFd report, TreeMark tree) : report_(std::move(report)), tree_(std::move(tree)) {}
  WarmChild(WarmChild&&) noexcept = default;
  WarmChild& operator=(WarmChild&&) = delete;
  /// Kills what is left of the tree.
  ~WarmChild();

  [[nodiscard]] int fd() const noexcept { return report_.get(); }  ///< readable: take_end()
  /// nullopt: it still runs. Never blocks.
  [[nodiscard]] std::optional<WarmEnd> take_end();
  [[nodiscard]] const TreeMark& tree() const noexcept { return tree_; }
  /// To the child itself, not to its tree. False: it has ended.
  bool signal(int number) const;
  /// SIGKILL for it and all that came from it. False: something is left after kill_time.
  bool kill();

 private:
  UniqueFd report_;  // closed: nothing more to kill
  TreeMark tree_;
};

/// Threads: any, after start().
class WarmProcess {
 public:
  /// What a forked child does with the descriptors that it was given; its result is the exit code.
  /// It has the memory of this process as it was at start(), and no other descriptor of it.
  using Body = std::function<int(std::vector<UniqueFd> given)>;

  /// Throws Error when this process has further threads: their locks would stay taken for ever.
  [[nodiscard]] static std::unique_ptr<WarmProcess> start(const Body& body);
  /// Ends it, and with it every child that still runs.
  ~WarmProcess();
  WarmProcess(const WarmProcess&) = delete;
  WarmProcess& operator=(const WarmProcess&) = delete;

  struct Order {
    std::vector<std::string> argv;  ///< empty: a forked child that runs the body
    /// Loans, at most descriptors_max. A program gets them as 0, 1, 2, 3, ..
    std::vector<int> descriptors;
  };
  static constexpr std::size_t descriptors_max = 8;
  static constexpr std::size_t order_size_max = 64 << 10;  ///< one datagram

  /// Throws Error when it cannot be started; nothing is left then.
  [[nodiscard]] WarmChild start_child(const Order& order);
  [[nodiscard]] bool is_alive() const;

 private:
  WarmProcess(Child child, UniqueFd control)
      : control_(std::move(control)), child_(std::move(child)) {}
  UniqueFd control_;
  Child child_;
};

}  // namespace daemonz::process

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <filesystem>

#include "base/error.h"
#include "sandbox/keeper_link.h"
#include "sandbox/run.h"

namespace daemonz::sandbox {
namespace {

namespace fs = std::filesystem;

// Room for a program that writes far ahead of a reader. Only a wish: the kernel may refuse it when
// this user's pipes hold much already.
constexpr int pair_pipe_size = 1 << 20;

/// What of the options only this process knows.
SlotOptions whole(SlotOptions options) {
  std::error_code code;
  options.state_folder = fs::absolute(options.state_folder, code).lexically_normal();
  fs::create_directories(options.state_folder + "/slots", code);
  if (code)
    throw Error(ErrorText{.what = "cannot make the folder of the sandbox slots",
                          .where = options.state_folder,
                          .hint = "It must be writable",
                          .code = code.value()});
  if (options.keeper_path.empty()) options.keeper_path = find_keeper();
  return options;
}

/// From one program's stdout to the other's stdin. `out` stays here too: it drops what comes after
/// the reader's end.
struct Pipe {
  UniqueFd out, in;
};

Pipe make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw_errno("pipe");
  Pipe pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
  ::fcntl(pipe.in.get(), F_SETPIPE_SZ, pair_pipe_size);
  return pipe;
}

void drop_some(UniqueFd& out) {
  std::array<char, 64 * 1024> bytes;
  const auto size = ::read(out.get(), bytes.data(), bytes.size());
  if (size == 0 || (size < 0 && errno != EINTR)) out.reset();
}

/// One of two programs that talk to each other.
struct Side {
  KeeperLink& keeper;
  UniqueFd input;  ///< what it reads from, once it has ended
  std::optional<Result> result = {};

  bool is_over() const { return result.has_value(); }
  pollfd interest() const {
    if (!is_over()) return {keeper.socket(), POLLIN, 0};
    return {input.get(), POLLIN, 0};
  }
};

class KeeperSlot final : public Slot {
 public:
  explicit KeeperSlot(const SlotOptions& options)
      : number_(options.number), keeper_(options, false) {
    keeper_.start();
    auto same_limits = options;
    same_limits.limit_mode = keeper_.limit_mode();
    companion_.emplace(std::move(same_limits), true);
  }

  Result run(const Program& program) override {
    if (auto refused = keeper_.begin(program, program.stdin_fd, program.stdout_fd))
      return std::move(*refused);
    return keeper_.await();
  }

  PairResult run_pair(const Program& leader, const Program& follower,
                      const std::function<bool(const Result&)>& is_over) override;

  void cancel() noexcept override {
    keeper_.cancel();
    companion_->cancel();
  }

  int number() const override { return number_; }
  LimitMode limit_mode() const override { return keeper_.limit_mode(); }

 private:
  int number_;
  KeeperLink keeper_;
  std::optional<KeeperLink> companion_;  // of run_pair's leader; started by the first one
};

PairResult KeeperSlot::run_pair(const Program& leader, const Program& follower,
                                const std::function<bool(const Result&)>& is_over) {
  auto down = make_pipe(), up = make_pipe();  // from the leader, and to it
  Side first{*companion_, std::move(up.out)};
  Side second{keeper_, std::move(down.out)};
  first.result = first.keeper.begin(leader, first.input.get(), down.in.get());
  if (first.is_over()) {
    second.result.emplace().stage = "the other program's keeper";
  } else {
    second.result = second.keeper.begin(follower, second.input.get(), up.in.get());
    if (second.is_over()) first.keeper.cancel();
  }
  // The keepers hold them now: an end of a program is an end of file for the other.
  down.in.reset();
  up.in.reset();
  const auto take = [](Side& side, short events) {
    if (events == 0) return false;
    if (side.is_over()) return drop_some(side.input), false;
    side.result = side.keeper.await();
    return true;
  };
  while (!first.is_over() || !second.is_over()) {
    pollfd wait[] = {first.interest(), second.interest()};
    if (::poll(wait, 2, -1) < 0) continue;
    if (take(first, wait[0].revents) && is_over(*first.result)) second.keeper.cancel();
    take(second, wait[1].revents);
  }
  return {.leader = std::move(*first.result), .follower = std::move(*second.result)};
}

}  // namespace

std::unique_ptr<Slot> Slot::open(const SlotOptions& options) {
  return std::make_unique<KeeperSlot>(whole(options));
}

std::unique_ptr<Slot> open_free_slot(SlotOptions options, int count) {
  for (int number = 0; number < count; ++number) {
    options.number = number;
    try {
      return Slot::open(options);
    } catch (const Error& refused) {
      if (refused.code() != EWOULDBLOCK || number + 1 == count) throw;
    }
  }
  throw Error(ErrorText{.what = "there are no sandbox slots", .hint = "sandbox: slots: 1 or more"});
}

}  // namespace daemonz::sandbox

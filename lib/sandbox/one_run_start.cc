// The first half of OneRun: from a request to an init that is on its way.
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "base/error.h"
#include "sandbox/box_files.h"
#include "sandbox/init.h"
#include "sandbox/layers.h"
#include "sandbox/one_run.h"
#include "sandbox/view.h"

namespace daemonz::sandbox {
namespace {

// Longer is for ever; and the nanoseconds of it still fit a clock's 64 bits.
constexpr Milliseconds time_max = std::chrono::hours(24 * 365);
constexpr Milliseconds setup_max{10'000};  // a box full of files on a busy machine

SteadyTime now() { return std::chrono::steady_clock::now(); }

struct Pipe {
  UniqueFd out, in;  // out: to read from
};

Pipe make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw_errno("pipe");
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

/// Our end only: the program gets an ordinary, blocking pipe.
void set_nonblocking(const UniqueFd& end) {
  if (::fcntl(end.get(), F_SETFL, O_NONBLOCK) != 0) throw_errno("pipe");
}

}  // namespace

void OneRun::prepare(std::vector<UniqueFd> descriptors) {
  auto& request = plan_.request;
  request.limits.cpu = std::min(request.limits.cpu, time_max);
  request.limits.wall = std::min(request.limits.wall, time_max);
  const auto expected = request.files.size() + request.has_image + request.has_stdin +
                        request.has_stdout + request.has_stderr;
  if (expected != descriptors.size()) throw_errno("request", {}, {}, EPROTO);
  for (const auto& file : request.files)
    if (!is_box_name(file.name)) throw_errno("file " + file.name, {}, {}, EINVAL);
  auto next = descriptors.begin();
  if (request.has_image) plan_.image = std::move(*next++);
  const auto take = [&](bool is_there) { return is_there ? std::move(*next++) : UniqueFd(); };
  auto input = take(request.has_stdin);
  auto output = take(request.has_stdout);
  auto errors = take(request.has_stderr);
  plan_.files.assign(std::make_move_iterator(next), std::make_move_iterator(descriptors.end()));
  prepare_image();
  prepare_streams(std::move(input), std::move(output), std::move(errors));
  group_.emplace(keeper_.groups.create(request.limits));
  plan_.join_files = group_->join_files();
  plan_.filter = &keeper_.filter;
  plan_.is_address_space_limited = is_sampled();
  plan_.env = request.env;
}

void OneRun::prepare_image() {
  if (!plan_.image.is_open()) return;
  char start[2] = {};
  plan_.is_script =
      ::pread(plan_.image.get(), start, 2, 0) == 2 && start[0] == '#' && start[1] == '!';
  if (plan_.is_script && !is_box_name(plan_.request.argv[0]))
    throw_errno("script name", {}, {}, EINVAL);
}

void OneRun::prepare_streams(UniqueFd input, UniqueFd output, UniqueFd errors) {
  const auto& limits = plan_.request.limits;
  auto in = make_pipe(), out = make_pipe(), error = make_pipe();
  for (const auto* ours : {&in.in, &out.out, &error.out}) set_nonblocking(*ours);
  plan_.keepers_ends = {in.in.get(), out.out.get(), error.out.get(),
                        input.get(), output.get(),  errors.get()};
  plan_.input = std::move(in.out);
  plan_.output = std::move(out.in);
  plan_.errors = std::move(error.in);
  input_.emplace(std::move(input), std::move(in.in));
  output_.emplace(std::move(out.out), std::move(output), limits.stdout_max);
  errors_.emplace(std::move(error.out), std::move(errors), limits.stderr_max);
  // A program may open what it has got once more: /dev/stdin, /dev/stdout.
  for (const auto* end : {&plan_.input, &plan_.output, &plan_.errors})
    if (::fchown(end->get(), keeper_.box_kernel_uid, keeper_.box_kernel_gid) != 0)
      throw_errno("owner of a pipe");
}

void OneRun::spawn() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) throw_errno("socketpair");
  reins_.reset(ends[0]);
  plan_.reins.reset(ends[1]);
  std::uint64_t namespaces =
      CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;
  if (layers.pid_namespace) namespaces |= CLONE_NEWPID;
  plan_.keepers_ends.push_back(reins_.get());
  // The last init took it from the memory that it shared; an ordinary user may not write the maps
  // of a process that is not.
  if (::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) != 0) throw_errno("dumpable");
  init_ = clone_process(namespaces, init_main, &plan_, keeper_.init_stack);
  write_maps();
  if (::send(reins_.get(), &word_go, 1, MSG_NOSIGNAL) != 1) throw_errno("release init");
  await_init();
  plan_.reins.reset();
  plan_.input.reset();
  plan_.output.reset();
  plan_.errors.reset();
}

void OneRun::await_init() {
  const auto deadline = now() + setup_max;
  pollfd wait[] = {{reins_.get(), POLLIN, 0}, {init_.pidfd.get(), POLLIN, 0}};
  while (wait[0].revents == 0) {
    const auto left = std::chrono::duration_cast<Milliseconds>(deadline - now()).count();
    const int ready = left > 0 ? ::poll(wait, 2, static_cast<int>(left)) : 0;
    if (ready < 0 && errno == EINTR) continue;
    if (ready > 0 && wait[0].revents != 0) break;
    // Dead or stuck in the middle of a change to our memory, which cannot be trusted any more. The
    // Slot makes XX of it, and another keeper; init dies with this one.
    std::fprintf(stderr, "daemonz-keeper: init %s\n",
                 ready > 0 ? "died before the program ran" : "took too long to set up a run");
    ::_exit(1);
  }
  handle_message();
}

void OneRun::write_maps() {
  const auto folder = "/proc/" + std::to_string(init_.pid);
  const auto write_map = [&](const char* file, unsigned outside) {
    const auto line = std::to_string(box_uid) + " " + std::to_string(outside) + " 1";
    write_file(AT_FDCWD, (folder + "/" + file).c_str(), line, file);
  };
  // setgroups: an ordinary user's keeper has denied it for all below, and as root only one group is
  // mapped to call it with.
  write_map("uid_map", keeper_.box_kernel_uid);
  write_map("gid_map", keeper_.box_kernel_gid);
}

}  // namespace daemonz::sandbox

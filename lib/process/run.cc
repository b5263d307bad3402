#include "process/run.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <csignal>

#include "base/error.h"
#include "process/launch.h"
#include "process/tree.h"

namespace daemonz::process {
namespace {

using Steady = std::chrono::steady_clock;

// For output that is on its way when everything has been killed: a pipe holds 64 KiB, and only a
// process outside the tree that got hold of the pipe could keep it open longer.
constexpr Milliseconds drain_time(200);
constexpr Seconds kill_time(5);

struct Pipe {
  UniqueFd read_end, write_end;
  Pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw_errno("cannot make a pipe");
    read_end.reset(ends[0]);
    write_end.reset(ends[1]);
  }
};

void make_nonblocking(const UniqueFd& fd) { ::fcntl(fd.get(), F_SETFL, O_NONBLOCK); }

// One of the program's two outputs.
struct Capture {
  UniqueFd fd;
  Bytes max;
  std::string& text;
  bool& is_cut;

  void read_some() {
    char buffer[65536];
    const auto size = ::read(fd.get(), buffer, sizeof buffer);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (size <= 0) return fd.reset();
    const auto got = static_cast<std::size_t>(size);
    const auto kept = std::min<std::size_t>(got, max.count - text.size());
    text.append(buffer, kept);
    is_cut = is_cut || kept < got;
  }
};

struct Feed {
  UniqueFd fd;
  std::string_view rest;

  void write_some() {
    const auto size = ::write(fd.get(), rest.data(), rest.size());
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (size < 0) return fd.reset();  // EPIPE: it does not want the rest
    rest.remove_prefix(static_cast<std::size_t>(size));
    if (rest.empty()) fd.reset();
  }
};

int milliseconds_until(std::optional<SteadyTime> deadline) {
  if (!deadline) return -1;
  const auto left = std::chrono::ceil<Milliseconds>(*deadline - Steady::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 3'600'000));
}

// Serves the pipes until the program has ended (true) or the deadline has passed (false).
bool serve_until_end(const Child* child, Feed& feed, Capture& output, Capture& errors,
                     std::optional<SteadyTime> deadline) {
  for (;;) {
    pollfd sources[] = {{feed.fd.get(), POLLOUT, 0},  // poll(2) skips descriptors below zero
                        {output.fd.get(), POLLIN, 0},
                        {errors.fd.get(), POLLIN, 0},
                        {child ? child->pidfd() : -1, POLLIN, 0}};
    if (!child && !output.fd.is_open() && !errors.fd.is_open()) return true;
    const int count = ::poll(sources, 4, milliseconds_until(deadline));
    if (count == 0) return false;
    if (count < 0) continue;
    if (sources[0].revents != 0) feed.write_some();
    if (sources[1].revents != 0) output.read_some();
    if (sources[2].revents != 0) errors.read_some();
    if (sources[3].revents != 0) return true;
    if (deadline && Steady::now() >= *deadline) return false;
  }
}

}  // namespace

RunResult run(const RunOptions& options) {
  const auto began = Steady::now();
  RunResult result;
  Pipe input, output, errors;
  TreeMark tree{.token = new_tree_token("run")};
  auto env = options.env ? *options.env : own_environment();
  env[tree_variable] = tree.token;
  auto child = launch({.argv = options.argv,
                       .env = std::move(env),
                       .working_folder = options.working_folder,
                       .stdin_fd = input.read_end.get(),
                       .stdout_fd = output.write_end.get(),
                       .stderr_fd = errors.write_end.get()});
  tree.leader = identity_of(child.pid()).value_or(Identity{});
  input.read_end.reset();
  output.write_end.reset();
  errors.write_end.reset();
  for (const auto* fd : {&input.write_end, &output.read_end, &errors.read_end})
    make_nonblocking(*fd);

  Feed feed{std::move(input.write_end), options.input};
  if (feed.rest.empty()) feed.fd.reset();
  Capture out{std::move(output.read_end), options.output_max, result.output, result.is_output_cut};
  Capture err{std::move(errors.read_end), options.errors_max, result.errors, result.is_errors_cut};
  std::optional<SteadyTime> deadline;
  if (options.time_limit) deadline = began + *options.time_limit;
  result.is_timed_out = !serve_until_end(&child, feed, out, err, deadline);

  // Not reaped yet: until then neither its pid nor its session can belong to anybody else.
  static_cast<void>(kill_tree(tree, Steady::now() + kill_time));
  result.status = child.wait().value_or(ExitStatus{});
  feed.fd.reset();
  serve_until_end(nullptr, feed, out, err, Steady::now() + drain_time);
  result.wall_time = std::chrono::duration_cast<Milliseconds>(Steady::now() - began);
  return result;
}

}  // namespace daemonz::process

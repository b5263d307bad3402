#include "process/warm_process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <filesystem>

#include "base/error.h"
#include "base/json.h"
#include "base/units.h"
#include "process/fork_child.h"
#include "process/launch.h"

namespace daemonz::process {
namespace {

using Steady = std::chrono::steady_clock;

constexpr Seconds kill_time{5};    // then it waits in the kernel, and is given up
constexpr Seconds start_time{30};  // of a fork or exec on a machine that swaps

struct SocketPair {
  UniqueFd here, there;
  SocketPair() {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
      throw_errno("cannot make a socket pair");
    here.reset(ends[0]);
    there.reset(ends[1]);
  }
};

// --- datagrams with descriptors: unix(7), SCM_RIGHTS ---------------------------------------------

constexpr std::size_t control_size = CMSG_SPACE(sizeof(int) * (WarmProcess::descriptors_max + 1));

void send_order(int socket, const std::string& text, const std::vector<int>& fds) {
  iovec bytes{const_cast<char*>(text.data()), text.size()};
  alignas(cmsghdr) char control[control_size] = {};
  msghdr message{};
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = CMSG_SPACE(sizeof(int) * fds.size());
  cmsghdr* const header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int) * fds.size());
  std::memcpy(CMSG_DATA(header), fds.data(), sizeof(int) * fds.size());
  ssize_t sent = 0;
  do {
    sent = ::sendmsg(socket, &message, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0)
    throw_errno("cannot reach the warm process", {}, "Has it been killed? Start the program again");
}

struct Received {
  std::string text;  // empty: the other side has gone
  std::vector<UniqueFd> fds;
};

Received receive_order(int socket) {
  Received received;
  received.text.resize(WarmProcess::order_size_max);
  iovec bytes{received.text.data(), received.text.size()};
  alignas(cmsghdr) char control[control_size];
  msghdr message{};
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t size = 0;
  do {
    size = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  } while (size < 0 && errno == EINTR);
  received.text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); size > 0 && header;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_type != SCM_RIGHTS) continue;
    const auto count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof fd);
      received.fds.emplace_back(fd);
    }
  }
  return received;
}

void report(const UniqueFd& to, const json::object& what) {
  const auto text = json::serialize(what);
  (void)::send(to.get(), text.data(), text.size(), MSG_NOSIGNAL);  // nobody listens: nobody asks
}

// --- inside the warm process ---------------------------------------------------------------------

struct Running {
  Child child;
  UniqueFd report;
  TreeMark tree;
};

std::map<std::string, std::string> environment_with(const std::string& token) {
  auto env = own_environment();
  env[tree_variable] = token;
  return env;
}

Child launch_program(const std::vector<std::string>& argv, const std::vector<UniqueFd>& given,
                     const std::string& token) {
  LaunchOptions options{.argv = argv, .env = environment_with(token)};
  for (std::size_t i = 0; i < given.size(); ++i)
    options.descriptors.emplace_back(given[i].get(), static_cast<int>(i));
  return launch(options);
}

Child fork_body(const WarmProcess::Body& body, std::vector<UniqueFd>& given,
                const std::string& token) {
  ForkOptions options{.is_session_leader = true};
  for (const auto& fd : given) options.keep.push_back(fd.get());
  return fork_child(
      [&] {
        ::setenv(tree_variable, token.c_str(), 1);  // for the programs that it starts
        return body(std::move(given));
      },
      options);
}

void start_one(Received order, const WarmProcess::Body& body, std::vector<Running>& running) {
  if (order.fds.empty()) return;
  UniqueFd answer = std::move(order.fds.front());
  order.fds.erase(order.fds.begin());
  try {
    const auto asked = json::parse(order.text);
    std::vector<std::string> argv;
    for (const auto& word : asked.at("argv").as_array()) argv.emplace_back(word.as_string());
    TreeMark tree{.token = std::string(asked.at("token").as_string())};
    auto child = argv.empty() ? fork_body(body, order.fds, tree.token)
                              : launch_program(argv, order.fds, tree.token);
    tree.leader = identity_of(child.pid()).value_or(Identity{});
    report(answer, {{"pid", tree.leader.pid}, {"ticks", tree.leader.start_ticks}});
    running.push_back({std::move(child), std::move(answer), std::move(tree)});
  } catch (const Error& problem) {
    const auto& text = problem.text();
    report(answer, {{"what", text.what}, {"hint", text.hint}, {"code", text.code}});
  } catch (const std::exception& problem) {
    report(answer, {{"what", problem.what()}, {"hint", ""}, {"code", 0}});
  }
}

/// True: it has ended, and its owner was told.
bool reap(Running& each) {
  const auto status = each.child.wait(Steady::now());
  if (!status) return false;
  json::object end;
  if (status->exit_code) end["exit_code"] = *status->exit_code;
  if (status->signal) end["signal"] = *status->signal;
  report(each.report, end);
  return true;
}

int serve(const UniqueFd& control, const WarmProcess::Body& body) {
  ::prctl(PR_SET_NAME, "daemonz-warm");
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGTSTP, SIGUSR1, SIGUSR2})
    ::signal(number, SIG_IGN);  // its owner decides; fork_child and launch undo this
  std::vector<Running> running;
  for (;;) {
    std::vector<pollfd> sources = {{control.get(), POLLIN, 0}};
    for (const auto& each : running) sources.push_back({each.child.pidfd(), POLLIN, 0});
    if (::poll(sources.data(), sources.size(), -1) < 0) continue;  // EINTR
    std::erase_if(running, reap);
    if (sources[0].revents == 0) continue;
    auto order = receive_order(control.get());
    if (order.text.empty()) break;
    start_one(std::move(order), body, running);
  }
  for (const auto& each : running) (void)kill_tree(each.tree, Steady::now() + kill_time);
  return 0;
}

std::size_t thread_count() {
  const std::filesystem::directory_iterator tasks("/proc/self/task");
  return static_cast<std::size_t>(std::distance(begin(tasks), end(tasks)));
}

}  // namespace

WarmChild::~WarmChild() {
  if (report_.is_open()) (void)kill();
}

std::optional<WarmEnd> WarmChild::take_end() {
  char text[256];
  const auto size = ::recv(report_.get(), text, sizeof text, MSG_DONTWAIT);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return {};
  WarmEnd end;
  const auto read = size > 0 ? json::try_parse({text, static_cast<std::size_t>(size)})
                             : std::optional<json::value>();
  if (!read) return end;
  if (const auto code = json::integer_of(read->as_object(), "exit_code"))
    end.exit_code = static_cast<int>(*code);
  if (const auto number = json::integer_of(read->as_object(), "signal"))
    end.signal = static_cast<int>(*number);
  return end;
}

bool WarmChild::signal(int number) const {
  const auto pidfd = open_pidfd(tree_.leader);
  return pidfd.is_open() && ::syscall(SYS_pidfd_send_signal, pidfd.get(), number, nullptr, 0) == 0;
}

bool WarmChild::kill() { return kill_tree(tree_, Steady::now() + kill_time); }

std::unique_ptr<WarmProcess> WarmProcess::start(const Body& body) {
  if (const auto count = thread_count(); count != 1)
    throw Error(ErrorText{
        .what = "the warm process cannot be forked from " + std::to_string(count) + " threads",
        .hint = "Start it before any other thread"});
  SocketPair control;
  auto child = fork_child([&] { return serve(control.there, body); },
                          {.keep = {control.there.get()}, .is_session_leader = true});
  return std::unique_ptr<WarmProcess>(new WarmProcess(std::move(child), std::move(control.here)));
}

WarmProcess::~WarmProcess() {
  control_.reset();
  (void)child_.wait(Steady::now() + 2 * kill_time);  // else the destructor of Child kills it
}

bool WarmProcess::is_alive() const {
  // Its socket closes a moment before its death can be seen.
  pollfd ended[] = {{child_.pidfd(), POLLIN, 0}, {control_.get(), 0, 0}};
  return ::poll(ended, 2, 0) == 0;
}

WarmChild WarmProcess::start_child(const Order& order) {
  SocketPair answer;
  TreeMark tree{.token = new_tree_token("job")};
  json::array words;
  for (const auto& word : order.argv) words.push_back(json::value(word));
  const auto text =
      json::serialize(json::object{{"argv", std::move(words)}, {"token", tree.token}});
  if (text.size() > order_size_max || order.descriptors.size() > descriptors_max)
    throw Error("cannot start " + (order.argv.empty() ? "a child" : order.argv[0]) +
                ": its command line or its descriptors are too many");
  std::vector<int> fds = {answer.there.get()};
  fds.insert(fds.end(), order.descriptors.begin(), order.descriptors.end());
  send_order(control_.get(), text, fds);
  answer.there.reset();
  pollfd ready{answer.here.get(), POLLIN, 0};
  while (::poll(&ready, 1, static_cast<int>(Milliseconds(start_time).count())) < 0) {
  }
  char said[4096];
  const auto size = ::recv(answer.here.get(), said, sizeof said, MSG_DONTWAIT);
  if (size <= 0)
    throw Error(ErrorText{.what = "the warm process did not start a child",
                          .hint = "Has it been killed? Start the program again"});
  const auto read = json::parse({said, static_cast<std::size_t>(size)});
  const auto& fields = read.as_object();
  if (const auto what = json::string_of(fields, "what"))
    throw Error(ErrorText{.what = *what,
                          .hint = json::string_of(fields, "hint").value_or(""),
                          .code = static_cast<int>(json::integer_of(fields, "code").value_or(0))});
  tree.leader = {
      .pid = static_cast<pid_t>(json::integer_of(fields, "pid").value_or(0)),
      .start_ticks = static_cast<std::uint64_t>(json::integer_of(fields, "ticks").value_or(0)),
      .boot_id = boot_id()};
  return WarmChild(std::move(answer.here), std::move(tree));
}

}  // namespace daemonz::process

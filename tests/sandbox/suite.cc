#include "sandbox/suite.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "base/error.h"
#include "sandbox/unconfined.h"
#include "support/temp_dir.h"

namespace daemonz::tests {
namespace {

namespace fs = std::filesystem;

constexpr Milliseconds overtime_max{500};
constexpr int slowness = 10;
constexpr unsigned first_box_kernel_uid = 1'900'000'000;

/// Slots that no other installation and no other test uses at this time: their processes are ours.
int first_slot() { return 1000 + static_cast<int>(::getpid() % 1500) * 2; }

/// What the program reads: nothing (not open), so many zeros, or a pipe whose other end,
/// `open_end`, says nothing.
UniqueFd input_of(const HostileProgram& program, UniqueFd& open_end) {
  if (program.stdin_size.empty()) return {};
  if (program.stdin_size == "open") {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw_errno("pipe");
    open_end.reset(ends[1]);
    return UniqueFd(ends[0]);
  }
  UniqueFd file(::memfd_create("input", MFD_CLOEXEC));
  const auto size = parse_bytes(program.stdin_size).value().count;
  if (::ftruncate(file.get(), static_cast<off_t>(size)) != 0) throw_errno("input");
  return file;
}

std::string text_of(int memfd) {
  struct stat found {};
  ::fstat(memfd, &found);
  std::string text(static_cast<std::size_t>(found.st_size), '\0');
  if (::pread(memfd, text.data(), text.size(), 0) < 0) text.clear();
  return text;
}

std::vector<std::string> lines_of(int memfd, std::string_view prefix) {
  std::vector<std::string> lines;
  std::istringstream in(text_of(memfd));
  for (std::string line; std::getline(in, line);)
    if (line.starts_with(prefix)) lines.push_back(line);
  return lines;
}

UniqueFd listen_on(const sockaddr* address, socklen_t size) {
  UniqueFd fd(::socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::bind(fd.get(), address, size) != 0 || ::listen(fd.get(), 8) != 0)
    throw_errno("cannot plant a listening socket");
  return fd;
}

UniqueFd listen_unix(const std::string& name, bool is_abstract) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path + (is_abstract ? 1 : 0), name.data(), name.size());
  const auto size = offsetof(sockaddr_un, sun_path) + name.size() + (is_abstract ? 1 : 0);
  return listen_on(reinterpret_cast<const sockaddr*>(&address), static_cast<socklen_t>(size));
}

UniqueFd listen_tcp(int& port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto fd = listen_on(reinterpret_cast<const sockaddr*>(&address), sizeof address);
  socklen_t size = sizeof address;
  ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size);
  port = ntohs(address.sin_port);
  return fd;
}

std::string read_text(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// The kernel uid in a /proc/PID/status text.
unsigned long uid_in(const std::string& status) {
  const auto at = status.find("\nUid:");
  return at == std::string::npos ? 0 : std::strtoul(status.c_str() + at + 5, nullptr, 10);
}

std::vector<std::string> children_of(const std::string& pid) {
  std::vector<std::string> children;
  std::error_code ignored;
  for (const auto& thread : fs::directory_iterator("/proc/" + pid + "/task", ignored)) {
    std::istringstream list(read_text(thread.path() / "children"));
    for (std::string child; list >> child;) children.push_back(child);
  }
  return children;
}

bool ends_by_time(const HostileProgram& program) {
  return std::ranges::any_of(program.allowed,
                             [](const auto& verdict) { return verdict.starts_with("TLE"); });
}

std::size_t count_groups(const std::string& prefix) {
  std::size_t count = 0;
  std::error_code ignored;
  for (fs::recursive_directory_iterator it("/sys/fs/cgroup", ignored), end; it != end;
       it.increment(ignored))
    count += it->is_directory() && it->path().filename().string().starts_with(prefix);
  return count;
}

}  // namespace

struct HostileSuite::Parts {
  explicit Parts(const SuiteOptions& from) : options(from) {}

  std::unique_ptr<sandbox::Slot> open_slot(int number) const {
    return sandbox::Slot::open({.number = number,
                                .state_folder = options.state_folder,
                                .keeper_path = options.keeper_path,
                                .limit_mode = options.limit_mode});
  }
  UniqueFd image(const std::string& name) const {
    const auto path = options.programs_folder + "/" + name;
    UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd.is_open())
      throw_errno("cannot open", path, "It is built by the target hostile_programs");
    return fd;
  }
  void start_neighbour();
  /// What a run in the slot finds of earlier ones: its lines "ESCAPE ..".
  std::vector<std::string> traces_in_slot() const {
    const UniqueFd output(::memfd_create("traces", MFD_CLOEXEC));
    sandbox::Program program;
    program.argv = {"finds_nothing"};
    program.image = image(program.argv[0]);
    program.stdout_fd = output.get();
    const auto result = slot->run(program);
    auto lines = lines_of(output.get(), "ESCAPE");
    if (result.verdict != sandbox::Verdict::OK)
      lines.push_back("ESCAPE the next run got " + std::string(to_string(result.verdict)));
    return lines;
  }

  SuiteOptions options;
  TempDir folder;
  std::string canary = "daemonz-canary-" + std::to_string(::getpid());
  std::string mounts = read_text("/proc/self/mountinfo");
  std::vector<std::string> arguments;
  std::vector<UniqueFd> planted;
  std::unique_ptr<sandbox::Slot> slot, second_slot;
  std::thread neighbour;
  std::string limit_mode;
};

void HostileSuite::Parts::start_neighbour() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw_errno("pipe");
  const UniqueFd ready(ends[0]);
  planted.emplace_back(ends[1]);
  neighbour = std::thread([this, sink = ends[1]] {
    sandbox::Program program;
    program.argv = arguments;
    program.argv[0] = "neighbour";
    program.image = image("neighbour");
    program.stdout_fd = sink;
    program.limits.wall = Seconds(600);  // cancelled long before
    const auto result = second_slot->run(program);
    if (result.verdict == sandbox::Verdict::CANCELLED) return;
    std::fprintf(stderr, "the neighbour ended: %s at %s\n", to_string(result.verdict),
                 result.stage.c_str());
  });
  pollfd wait{ready.get(), POLLIN, 0};
  if (::poll(&wait, 1, 10'000) != 1) throw Error("the neighbour in the second slot did not start");
}

HostileSuite::HostileSuite(const SuiteOptions& options) : parts_(std::make_unique<Parts>(options)) {
  auto& parts = *parts_;
  const auto secret = parts.folder / "secret";
  std::ofstream(secret) << parts.canary;
  fs::permissions(parts.folder.path(), fs::perms(0755));
  fs::permissions(secret, fs::perms(0644));
  parts.planted.emplace_back(::open(secret.c_str(), O_RDONLY));  // not close-on-exec: a canary
  ::setenv("DAEMONZ_CANARY", parts.canary.c_str(), 1);
  int port = 0;
  parts.planted.push_back(listen_tcp(port));
  parts.planted.push_back(listen_unix(parts.canary, true));
  parts.planted.push_back(listen_unix(parts.folder / "socket", false));
  parts.arguments = {"",
                     "secret=" + secret,
                     "canary=" + parts.canary,
                     "port=" + std::to_string(port),
                     "abstract=" + parts.canary,
                     "socket=" + (parts.folder / "socket"),
                     "pid=" + std::to_string(::getpid()),
                     "neighbour=neighbour-of-" + std::to_string(::getpid())};
  parts.slot = parts.open_slot(first_slot());
  parts.second_slot = parts.open_slot(first_slot() + 1);
  parts.start_neighbour();
}

HostileSuite::~HostileSuite() {
  if (parts_->second_slot) parts_->second_slot->cancel();
  if (parts_->neighbour.joinable()) parts_->neighbour.join();
}

HostileOutcome HostileSuite::run(const HostileProgram& hostile) {
  const UniqueFd output(::memfd_create("output", MFD_CLOEXEC));
  UniqueFd input, open_end;
  sandbox::Program program;
  program.argv = parts_->arguments;
  program.argv[0] = hostile.name;
  program.image = parts_->image(hostile.name);
  input = input_of(hostile, open_end);
  program.stdin_fd = input.get();
  program.stdout_fd = output.get();
  program.limits = hostile.limits;
  if (!hostile.collected.empty()) program.collect = {hostile.collected};
  if (parts_->options.is_machine_slow && !ends_by_time(hostile)) {
    program.limits.cpu *= slowness;
    program.limits.wall *= slowness;
  }
  const auto start = std::chrono::steady_clock::now();
  HostileOutcome outcome{.name = hostile.name, .result = parts_->slot->run(program)};
  const auto time = std::chrono::steady_clock::now() - start;
  outcome.is_in_time = time <= hostile.limits.wall + overtime_max;
  outcome.escapes = lines_of(output.get(), "ESCAPE");
  for (const auto& file : outcome.result.collected)
    if (text_of(file.fd.get()).find(parts_->canary) != std::string::npos)
      outcome.escapes.push_back("ESCAPE the secret was collected as " + file.name);
  for (const auto& line : parts_->traces_in_slot())
    outcome.escapes.push_back(line + " (in the next run)");
  const std::string verdict = to_string(outcome.result.verdict);
  const auto of_mode = hostile.allowed_in_mode.find(outcome.result.limits);
  outcome.allowed = of_mode == hostile.allowed_in_mode.end() ? hostile.allowed : of_mode->second;
  outcome.unmet = unmet_facts(hostile, outcome.result);
  outcome.is_allowed =
      std::ranges::find(outcome.allowed, verdict) != outcome.allowed.end() && outcome.unmet.empty();
  parts_->limit_mode = outcome.result.limits;
  return outcome;
}

std::vector<std::string> HostileSuite::run_unconfined(const HostileProgram& program) const {
  return unconfined_escapes(parts_->image(program.name), program.name, parts_->arguments);
}

/// The keeper clears away while its answer is on its way: looked at again until nothing is left.
std::vector<std::string> HostileSuite::leftovers() const {
  constexpr auto patience = Seconds(5);
  const auto end = std::chrono::steady_clock::now() + patience;
  auto found = leftovers_now();
  while (!found.empty() && std::chrono::steady_clock::now() < end) found = leftovers_now();
  return found;
}

std::vector<std::string> HostileSuite::leftovers_now() const {
  std::vector<std::string> found;
  const auto ours = first_box_kernel_uid + static_cast<unsigned>(parts_->slot->number());
  for (const auto& entry : fs::directory_iterator("/proc"))
    if (::geteuid() == 0 && uid_in(read_text(entry.path() / "status")) == ours)
      found.push_back("process " + entry.path().string());
  // The neighbour still runs: one init, and one group of its keeper in each hierarchy; another one
  // is ready for the other slot's next run.
  std::size_t runs = 0, groups = 0;
  for (const auto& keeper : children_of(std::to_string(::getpid()))) {
    if (read_text("/proc/" + keeper + "/cmdline").find("--slot") == std::string::npos) continue;
    runs += children_of(keeper).size();
    groups += count_groups("daemonz-run." + keeper + ".");
  }
  const auto& mode = parts_->limit_mode;
  if (runs != 1) found.push_back(std::to_string(runs) + " runs");
  if (groups != 2 * (mode == "v1" ? 3U : mode == "v2" ? 1U : 0U))
    found.push_back(std::to_string(groups) + " cgroups");
  if (read_text("/proc/self/mountinfo") != parts_->mounts) found.push_back("mounts");
  return found;
}

const std::string& HostileSuite::limit_mode() const { return parts_->limit_mode; }

}  // namespace daemonz::tests

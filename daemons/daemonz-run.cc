// daemonz-run: one program in the sandbox, one JSON object about it. The contract is cli.md.
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <iostream>
#include <optional>
#include <thread>

#include "base/error.h"
#include "base/json.h"
#include "config/config.h"
#include "config/faults.h"
#include "limit_mode.h"
#include "process/signals.h"
#include "program.h"
#include "sandbox/box_files.h"
#include "sandbox/run.h"

namespace {

using namespace daemonz;

constexpr int slot_number_max = 4095;  // each slot has a kernel uid of its own
namespace fs = std::filesystem;

constexpr int exit_sandbox_failed = 3;  // verdict XX

/// The command line. What was not given is empty: the profile's own limit holds then.
struct Options {
  std::string profile = "run";
  std::string limits;  ///< empty: as configured
  std::string stdin_path, stdout_path, stderr_path;
  std::vector<std::string> files;
  std::optional<int> slot;  ///< none: the first that is free
  std::optional<std::string> cpu, wall, memory, stdout_max, stderr_max, file_size, scratch;
  std::optional<std::uint32_t> processes, inodes, descriptors;
  std::vector<std::string> program;  ///< behind "--"
};

std::string check_duration(const std::string& text) {
  return parse_duration(text) ? "" : "\"" + text + "\" is not a time (500ms, 2s, 1m)";
}

std::string check_path(const std::string& text) { return text.empty() ? "names no file" : ""; }

struct FileArgument {
  std::string source, name;
};

/// "SRC[:NAME]"
FileArgument split_file(const std::string& argument) {
  const auto colon = argument.rfind(':');
  const auto source = argument.substr(0, colon);
  return {.source = source,
          .name = colon == std::string::npos ? fs::path(source).filename().string()
                                             : argument.substr(colon + 1)};
}

std::string check_file(const std::string& text) {
  const auto [source, name] = split_file(text);
  if (source.empty()) return "names no file";
  return sandbox::is_box_name(name)
             ? ""
             : "\"" + name + "\" is not a name in /box (relative, without \"..\")";
}

std::string check_size(const std::string& text) {
  return parse_bytes(text) ? "" : "\"" + text + "\" is not a size (64K, 64M, 1G)";
}

void add_options(CLI::App& app, Options& options) {
  const auto time = [&](const char* name, std::optional<std::string>& value, const char* help) {
    app.add_option(name, value, help)->check(check_duration)->type_name("TIME");
  };
  const auto size = [&](const char* name, std::optional<std::string>& value, const char* help) {
    app.add_option(name, value, help)->check(check_size)->type_name("SIZE");
  };
  const auto path = [&](const char* name, std::string& value, const char* help) {
    app.add_option(name, value, help)->check(check_path)->type_name("FILE");
  };
  app.add_option("--profile", options.profile, "run, or compile: the limits that are not given")
      ->check(CLI::IsMember({"run", "compile"}))
      ->capture_default_str();
  time("--cpu", options.cpu, "processor time of all its processes together (run: 1s)");
  time("--wall", options.wall, "time on the clock (run: 3s)");
  size("--memory", options.memory, "of all its processes together (run: 64M)");
  app.add_option("--processes", options.processes, "at a time, threads included (run: 16)");
  size("--stdout-max", options.stdout_max, "one byte more ends it: OLE (1M)");
  size("--stderr-max", options.stderr_max, "the same for stderr (1M)");
  size("--file-size", options.file_size, "of each file that it writes (run: 8M)");
  size("--scratch", options.scratch, "room in /box and in /tmp, each (run: 16M)");
  app.add_option("--inodes", options.inodes, "files in /box and in /tmp, each (run: 1024)");
  app.add_option("--fds", options.descriptors, "open files of a process (run: 64)");
  path("--stdin", options.stdin_path, "its input; else it is empty");
  path("--stdout", options.stdout_path, "takes its output; else it is only counted");
  path("--stderr", options.stderr_path, "takes its stderr");
  app.add_option("--file", options.files, "put a copy of SRC into /box, as NAME")
      ->check(check_file)
      ->type_name("SRC[:NAME]")
      ->allow_extra_args(false);
  app.add_option("--slot", options.slot,
                 "sandbox slot; different ones may run at the same time (the first free one)")
      ->check(CLI::Range(0, slot_number_max));
  app.add_option("--limits", options.limits,
                 "what enforces the limits (the configuration's word; else auto)")
      ->check(CLI::IsMember({"auto", "v2", "v1", "rlimit"}));
}

sandbox::Limits limits_of(const Options& options, sandbox::Profile profile) {
  auto limits = sandbox::Limits::for_profile(profile);
  const auto time = [](const std::optional<std::string>& text, Milliseconds& value) {
    if (text) value = *parse_duration(*text);
  };
  const auto size = [](const std::optional<std::string>& text, Bytes& value) {
    if (text) value = *parse_bytes(*text);
  };
  time(options.cpu, limits.cpu);
  time(options.wall, limits.wall);
  size(options.memory, limits.memory);
  size(options.stdout_max, limits.stdout_max);
  size(options.stderr_max, limits.stderr_max);
  size(options.file_size, limits.file_size);
  size(options.scratch, limits.scratch);
  limits.processes = options.processes.value_or(limits.processes);
  limits.inodes = options.inodes.value_or(limits.inodes);
  limits.descriptors = options.descriptors.value_or(limits.descriptors);
  return limits;
}

UniqueFd open_or_throw(const std::string& path, int flags) {
  UniqueFd fd(::open(path.c_str(), flags | O_CLOEXEC, 0644));
  if (!fd.is_open()) throw_errno("cannot open", path);
  return fd;
}

sandbox::BoxFile box_file(const std::string& argument) {
  auto [source, name] = split_file(argument);
  auto fd = open_or_throw(source, O_RDONLY | O_NONBLOCK);  // a FIFO must not hold us
  struct stat found {};
  if (::fstat(fd.get(), &found) != 0) throw_errno("cannot read", source);
  if (!S_ISREG(found.st_mode))
    throw Error(ErrorText{.what = "is not a file", .where = source, .code = EINVAL});
  return {.name = std::move(name),
          .fd = std::move(fd),
          .is_executable = (found.st_mode & S_IXUSR) != 0};
}

/// True if `path`, or the nearest folder above it that is there, may be written.
bool is_writable(fs::path path) {
  std::error_code ignored;
  while (!fs::exists(path, ignored) && path.has_relative_path()) path = path.parent_path();
  return ::access(path.c_str(), W_OK | X_OK) == 0;
}

/// A folder of this user, for the slots of a machine without an installation (or of another user).
std::string own_state_folder() {
  auto folder = "/tmp/daemonz-" + std::to_string(::geteuid());
  ::mkdir(folder.c_str(), 0700);
  struct stat found {};
  if (::lstat(folder.c_str(), &found) != 0 || !S_ISDIR(found.st_mode) ||
      found.st_uid != ::geteuid())
    throw Error(ErrorText{.what = "the folder of the sandbox slots belongs to somebody else",
                          .where = folder,
                          .hint = "Name a configuration with --config"});
  return folder;
}

/// Where the slots are locked: the installation's own state folder, so that its processors and this
/// program keep out of each other's way. And the limit mode that it forces.
sandbox::SlotOptions slot_options(const Options& options, const program::Common& common) {
  sandbox::SlotOptions slot{.number = options.slot.value_or(0), .state_folder = {}};
  const auto path = config::find(common.config_path);
  if (!path.empty()) {
    const auto config = config::load(path);
    slot.limit_mode = program::limit_mode(config);
    if (is_writable(config.state_dir)) slot.state_folder = config.state_dir;
  }
  if (slot.state_folder.empty()) slot.state_folder = own_state_folder();
  if (const auto told = sandbox::limit_mode_named(options.limits)) slot.limit_mode = *told;
  return slot;
}

/// Cancels the slot's run when this program is told to end, so that its object is still printed.
class CancelOnSignal {
 public:
  CancelOnSignal(const process::SignalWatch& signals, sandbox::Slot& slot)
      : signals_(signals), slot_(slot), over_(::eventfd(0, EFD_CLOEXEC)) {
    if (!over_.is_open()) throw_errno("cannot watch signals");
    thread_ = std::thread([this] { watch(); });
  }
  ~CancelOnSignal() {
    ::eventfd_write(over_.get(), 1);
    thread_.join();
  }
  CancelOnSignal(const CancelOnSignal&) = delete;
  CancelOnSignal& operator=(const CancelOnSignal&) = delete;

 private:
  void watch() {
    pollfd wait[] = {{over_.get(), POLLIN, 0}, {signals_.fd(), POLLIN, 0}};
    bool is_told = false;
    while (::poll(wait, is_told ? 1 : 2, is_told ? again_ms : -1) >= 0 || errno == EINTR) {
      if (wait[0].revents) return;
      is_told = is_told || wait[1].revents;
      if (is_told) slot_.cancel();  // again and again: the run may not have begun yet
    }
  }

  static constexpr int again_ms = 10;
  const process::SignalWatch& signals_;
  sandbox::Slot& slot_;
  UniqueFd over_;
  std::thread thread_;
};

sandbox::Result run(const Options& options, const sandbox::SlotOptions& slot) {
  sandbox::Program program;
  program.profile =
      options.profile == "compile" ? sandbox::Profile::compile : sandbox::Profile::run;
  program.limits = limits_of(options, program.profile);
  program.argv = options.program;
  if (program.argv[0].find('/') != std::string::npos) {
    program.image = open_or_throw(program.argv[0], O_RDONLY | O_NONBLOCK);
    program.argv[0] = fs::path(program.argv[0]).filename();
  }
  for (const auto& file : options.files) program.files.push_back(box_file(file));
  constexpr int writing = O_WRONLY | O_CREAT | O_TRUNC;
  UniqueFd input, output, errors;
  if (!options.stdin_path.empty()) input = open_or_throw(options.stdin_path, O_RDONLY);
  if (!options.stdout_path.empty()) output = open_or_throw(options.stdout_path, writing);
  if (!options.stderr_path.empty()) errors = open_or_throw(options.stderr_path, writing);
  program.stdin_fd = input.get();
  program.stdout_fd = output.get();
  program.stderr_fd = errors.get();
  const process::SignalWatch signals({SIGTERM, SIGINT, SIGHUP});  // before the keeper is started
  const auto opened =
      options.slot ? sandbox::Slot::open(slot) : sandbox::open_free_slot(slot, slot_number_max + 1);
  const CancelOnSignal cancel(signals, *opened);
  return opened->run(program);
}

json::value or_null(const std::string& text) {
  if (text.empty()) return nullptr;
  return json::value(text);
}

json::value or_null(const std::optional<int>& number) {
  if (!number) return nullptr;
  return *number;
}

json::object to_json(const sandbox::Result& result) {
  const bool is_stage_known = !result.stage.empty();
  return {{"verdict", to_string(result.verdict)},
          {"exit_code", or_null(result.exit_code)},
          {"signal", or_null(result.signal)},
          {"killed_by", or_null(result.killed_by)},
          {"stage", or_null(result.stage)},
          {"errno", is_stage_known ? json::value(result.errno_value) : json::value(nullptr)},
          {"cpu_ms", result.cpu.count()},
          {"user_ms", result.user.count()},
          {"sys_ms", result.system.count()},
          {"wall_ms", result.wall.count()},
          {"idle", result.is_idle},
          {"peak_kib", result.peak_kib},
          {"peak_source", or_null(result.peak_source)},
          {"processes_peak", result.processes_peak},
          {"switches_voluntary", result.switches_voluntary},
          {"switches_forced", result.switches_forced},
          {"stdout_bytes", result.stdout_bytes},
          {"stdout_cut", result.is_stdout_cut},
          {"stderr_bytes", result.stderr_bytes},
          {"stderr_cut", result.is_stderr_cut},
          {"limits", or_null(result.limits)},
          {"setup_us", result.setup.count()},
          {"teardown_us", result.teardown.count()}};
}

/// Runs and prints. Whatever kept the program from running is XX too: one object, always.
int run_and_print(const Options& options, const program::Common& common) {
  sandbox::Result result;
  try {
    result = run(options, slot_options(options, common));
    if (result.verdict == sandbox::Verdict::XX)
      std::cerr << "daemonz-run: the sandbox failed at " << result.stage << ": "
                << error_text(result.errno_value) << '\n';
  } catch (const config::Faults& faults) {
    std::cerr << faults.what() << '\n';
    return program::exit_usage;
  } catch (const Error& problem) {
    std::cerr << "daemonz-run: " << problem.what() << '\n';
    result.stage = problem.text().what;
    result.errno_value = problem.code();
  }
  if (!(std::cout << json::serialize(to_json(result)) << std::endl))
    throw Error(ErrorText{.what = "cannot print the result", .where = "standard output"});
  return result.verdict == sandbox::Verdict::XX ? exit_sandbox_failed : program::exit_done;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app(
      "Runs one program in the sandbox and prints what happened as one JSON object.\n"
      "Usage: daemonz-run [OPTIONS] -- PROGRAM [ARGS..]\n"
      "PROGRAM with a slash is a file of this machine; without one it is looked up in the box.\n"
      "\n"
      "A solution compiled and run, as the judge does it:\n"
      "  g++ -O2 -o solution solution.cc\n"
      "  daemonz-run --cpu 2s --stdin case.in --stdout case.out -- ./solution\n"
      "A script, and a compiler that is not trusted:\n"
      "  daemonz-run --file sum.py --stdin case.in --stdout case.out -- python3 sum.py\n"
      "  daemonz-run --profile compile --file bomb.cc --stderr said.txt -- g++ bomb.cc\n"
      "\n"
      "\"verdict\" is the first of these that holds:\n"
      "  XX         the sandbox itself failed (\"stage\", \"errno\"); exit 3, else exit 0\n"
      "  CANCELLED  daemonz-run was told to stop\n"
      "  MLE        more memory than --memory, children included\n"
      "  OLE        more output than --stdout-max, --stderr-max or --file-size\n"
      "  TLE_CPU    more processor time than --cpu, children included\n"
      "  TLE_WALL   longer than --wall (\"idle\": it hardly used the processor)\n"
      "  SG         died by \"signal\"\n"
      "  RE         ended with \"exit_code\" other than 0\n"
      "  OK         ended with 0",
      "daemonz-run");
  Options options;
  program::Common common;
  program::add_common_options(app, common);
  add_options(app, options);
  int own = 1;  // arguments of our own: those before "--"
  while (own < argc && std::string_view(argv[own]) != "--") ++own;
  if (own < argc) options.program.assign(argv + own + 1, argv + argc);
  return program::run(app, own, argv, common, [&] {
    if (!options.program.empty() && !options.program[0].empty())
      return run_and_print(options, common);
    std::cerr << "daemonz-run: write what to run behind --: daemonz-run -- ./program\n";
    return program::exit_usage;
  });
}

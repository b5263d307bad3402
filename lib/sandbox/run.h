// One untrusted program, run in a box of its own with limits that hold, and a verdict that is
// right. Knows nothing of grades, problems or databases. Follows sandbox.md; what it protects from
// and what not stands in THREATS.md. There is no way to run a program here without the box.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/unique_fd.h"
#include "base/units.h"

namespace daemonz::sandbox {

/// First match wins, in this order (sandbox.md, "Verdicts").
enum class Verdict { XX, CANCELLED, MLE, OLE, TLE_CPU, TLE_WALL, SG, RE, OK };
[[nodiscard]] const char* to_string(Verdict verdict);

enum class Profile { run, compile };                 ///< compile: see sandbox.md, point 10
enum class LimitMode { automatic, v2, v1, rlimit };  ///< automatic: the best this machine has
[[nodiscard]] const char* to_string(LimitMode mode);
/// By that name. nullopt: there is none.
[[nodiscard]] std::optional<LimitMode> limit_mode_named(std::string_view name);

/// Zero is a limit of zero, not "none": every limit holds in every run.
struct Limits {
  Milliseconds cpu{1'000};  ///< of all processes of the run together
  Milliseconds wall{3'000};
  Bytes memory = mebibytes(64);  ///< of all processes of the run together, tmpfs included
  std::uint32_t processes = 16;  ///< threads included
  Bytes stdout_max =
      mebibytes(1);  ///< one byte more kills: OLE, the first stdout_max bytes are kept
  Bytes stderr_max = mebibytes(1);
  Bytes file_size = mebibytes(8);  ///< RLIMIT_FSIZE
  Bytes scratch = mebibytes(16);   ///< /box and /tmp, each
  std::uint32_t inodes = 1024;     ///< the same
  std::uint32_t descriptors = 64;  ///< RLIMIT_NOFILE
  [[nodiscard]] static Limits for_profile(Profile profile);
};

/// A file that is put into /box before the run starts, owned by the run's user.
struct BoxFile {
  std::string name;       ///< relative, "a/b.h" makes the folder; no ".."
  std::string host_path;  ///< copied from here if `fd` is not open
  UniqueFd fd;            ///< or read from here (from offset 0)
  bool is_executable = false;
};

/// What to run. Descriptors are handed to the keeper and stay the caller's.
struct Program {
  std::vector<std::string> argv;  ///< argv[0]: a bare name is looked up in the box's PATH
  UniqueFd image;  ///< if open: executed by descriptor (a compiled submission); a file that is not
                   ///< a sealed memfd is copied into one first
  std::vector<std::string> env;  ///< "NAME=value", added to the profile's fixed list
  std::vector<BoxFile> files;
  /// Names in /box to bring back after the run; "a/" brings every regular file below the folder.
  std::vector<std::string> collect;
  int stdin_fd = -1;   ///< a file (read from its start, its offset stays) or pipe; -1: empty input
  int stdout_fd = -1;  ///< a file, memfd or pipe written up to the cap; -1: counted, dropped
  int stderr_fd = -1;
  /// What was written before the end waits this long for a slow reader of stdout_fd or stderr_fd.
  Milliseconds output_patience{1'000};
  bool is_box_read_only = false;  ///< /box without write permission; /tmp stays writable
  Profile profile = Profile::run;
  Limits limits;
};

struct CollectedFile {
  std::string name;
  UniqueFd fd;  ///< sealed memfd, offset 0
  Bytes size;
};

/// What happened, as cli.md prints it (daemonz-run).
struct Result {
  Verdict verdict = Verdict::XX;
  std::optional<int> exit_code;
  std::optional<int> signal;
  std::string killed_by;  ///< cpu, wall, memory, stdout, stderr, file_size, cancel; empty: nobody
  std::string stage;      ///< XX: the step of the set-up that failed (RE:127: "exec")
  int errno_value = 0;
  Milliseconds cpu{0}, user{0}, system{0}, wall{0};
  bool is_idle = false;
  std::uint64_t peak_kib = 0;
  std::string peak_source;  ///< cgroup, rusage
  std::uint32_t processes_peak = 0;
  std::uint64_t switches_voluntary = 0, switches_forced = 0;
  std::uint64_t stdout_bytes = 0, stderr_bytes = 0;
  bool is_stdout_cut = false, is_stderr_cut = false;
  std::string limits;  ///< v2, v1, rlimit: which mechanism held
  SteadyTime ended;    ///< the program's end, on the clock of all processes of this machine
  Microseconds setup{0}, teardown{0};  ///< teardown: to the answer; init leaves meanwhile
  std::vector<CollectedFile> collected;
};

/// What became of two programs that talked to each other.
struct PairResult {
  Result leader, follower;
};

struct SlotOptions {
  int number = 0;                            ///< 0..; one run at a time per number on this machine
  bool is_pinned = true;                     ///< to core number % cores
  std::string state_folder = "tmp/daemonz";  ///< holds slots/N, the lock files
  std::string keeper_path;  ///< empty: daemonz-keeper beside this program, then libexec, PATH
  LimitMode limit_mode = LimitMode::automatic;
};

/// One sandbox slot: a keeper process that holds the lock and starts runs. Open it before threads
/// and connection pools exist. Threads: one, but for cancel(). The keeper ends with this object or
/// its process. A keeper that died is started again at the next run.
class Slot {
 public:
  /// Throws Error: slot taken (names the pid), keeper not found, or the machine lacks a layer of
  /// the isolation (it is never run with less).
  [[nodiscard]] static std::unique_ptr<Slot> open(const SlotOptions& options);
  virtual ~Slot() = default;
  /// Blocks until the run has ended and no process of its program is left; its init and its empty
  /// groups go while the answer is on its way, before the next run and before this object ends.
  /// Never throws for what the program does; our own failures are verdict XX.
  [[nodiscard]] virtual Result run(const Program& program) = 0;
  /// Runs two programs at once, each in a box of its own: what one writes to stdout is the other's
  /// stdin, as it comes, up to its cap; their stdin_fd and stdout_fd are not looked at. One that
  /// has closed its stdin or has ended is no reason for the other to be killed or held up: what is
  /// still sent to it is dropped, but counted. `is_over` is asked when the leader has ended: true
  /// ends the follower too (CANCELLED). The first pair starts the slot's second keeper, which
  /// stays.
  [[nodiscard]] virtual PairResult run_pair(const Program& leader, const Program& follower,
                                            const std::function<bool(const Result&)>& is_over) = 0;
  /// Ends the current run, or both of a pair: CANCELLED. Threads: any.
  virtual void cancel() noexcept = 0;
  [[nodiscard]] virtual int number() const = 0;
  /// What enforces the limits of all its runs; never `automatic`.
  [[nodiscard]] virtual LimitMode limit_mode() const = 0;
};

/// The first free slot of 0..count-1. Throws Error when all are taken.
[[nodiscard]] std::unique_ptr<Slot> open_free_slot(SlotOptions options, int count);

}  // namespace daemonz::sandbox

// One run as the keeper has prepared it: what init and the program need to know, and the messages
// that init sends back. All of it is the keeper's: init reads it, and only while the keeper
// waits for it.
#pragma once

#include <linux/filter.h>
#include <sys/resource.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "sandbox/protocol.h"

namespace daemonz::sandbox {

struct Plan {
  Request request;                 ///< argv, names of files, limits
  std::vector<std::string> env;    ///< whole
  UniqueFd image;                  ///< open: executed by descriptor
  bool is_script = false;          ///< image starts with "#!": executed as /program/NAME
  std::vector<UniqueFd> files;     ///< in the order of request.files
  UniqueFd input, output, errors;  ///< the box's ends of 0, 1, 2
  std::vector<int> join_files;     ///< see RunGroup
  const std::vector<sock_filter>* filter = nullptr;
  bool is_address_space_limited = false;  ///< mode rlimit
  bool is_rehearsal = false;              ///< all steps but execve: shows that isolation works
  UniqueFd reins;                         ///< init's end of its socket to the keeper
  /// The keeper's ends of pipes and sockets: a copy that init held open would hide that the keeper
  /// has closed its own.
  std::vector<int> keepers_ends;
};

/// The keeper's only words to init, one byte each.
inline constexpr char word_go = 'g';    ///< the maps are written
inline constexpr char word_stop = 's';  ///< kill everything and report

/// A step that was refused. Fits shared memory and one packet: no pointers.
struct Failure {
  char stage[80] = {};
  int error = 0;
};
void set_failure(Failure& failure, const char* stage, int error) noexcept;

/// Stage of a Failure whose cause is the program, not us: its image cannot be executed.
inline constexpr const char* exec_stage = "exec";
inline constexpr int exit_code_not_executed = 127;  ///< as a shell says it

/// What init tells the keeper. `started` carries the descriptor of /box if files are to be
/// collected.
struct InitMessage {
  enum class Type : std::uint32_t { started, failed, ended } type = Type::started;
  Failure failure;      ///< failed
  int wait_status = 0;  ///< ended: the program's, raw
  rusage usage{};       ///< ended: of the program and all its descendants
  /// ended: init's own peak, KiB. The program began in init's memory, so getrusage(2) never tells
  /// less than this about it.
  std::int64_t own_peak_kib = 0;
};

}  // namespace daemonz::sandbox

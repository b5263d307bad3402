#include "sandbox/one_run.h"

#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>

#include "base/error.h"
#include "sandbox/box_files.h"
#include "sandbox/tree_usage.h"

namespace daemonz::sandbox {
namespace {

using std::chrono::nanoseconds;

constexpr Milliseconds stop_patience{250};      // init normally needs a millisecond
constexpr Milliseconds death_patience{10'000};  // after SIGKILL
// A program that ends closes its stdout just before init reports it: only what lives on for longer
// has closed it by itself. So a reader never sees the end of one that has ended before its result
// is on its way, and two programs that talk to each other are never taken one for the other.
constexpr Milliseconds half_close_patience{500};
constexpr nanoseconds look_min{1'000'000};          // how far over the cpu limit a run may get
constexpr nanoseconds look_max{100'000'000};        // how late an out-of-memory kill is noticed
constexpr nanoseconds sample_interval{10'000'000};  // mode rlimit: nobody else watches the sum

SteadyTime now() { return std::chrono::steady_clock::now(); }

Microseconds between(SteadyTime from, SteadyTime to) {
  return std::chrono::duration_cast<Microseconds>(to - from);
}

Microseconds time_of(const timeval& time) {
  return Seconds(time.tv_sec) + Microseconds(time.tv_usec);
}

}  // namespace

OneRun::OneRun(KeeperState& keeper, Request request, std::vector<UniqueFd> descriptors)
    : keeper_(keeper), descriptors_(std::move(descriptors)), requested_(now()) {
  plan_.request = std::move(request);
}

// Init takes its namespaces along, which is waiting for the most part: meanwhile the run's groups
// are removed, and the next one's are made.
OneRun::~OneRun() {
  group_.reset();
  keeper_.groups.make_ahead();
  if (!init_.pidfd.is_open()) return;  // reaped
  ::syscall(SYS_pidfd_send_signal, init_.pidfd.get(), SIGKILL, nullptr, 0U);
  ::waitpid(init_.pid, nullptr, 0);
}

Result OneRun::run() {
  try {
    prepare(std::move(descriptors_));
    spawn();
    watch();
    return finish();
  } catch (const Error& refused) {
    Result result;
    result.stage = refused.text().what;
    result.errno_value = refused.code();
    result.limits = to_string(keeper_.groups.mode());
    result.ended = now();
    return result;
  }
}

void OneRun::watch() {
  while (phase_ != Phase::over) {
    pollfd wait[] = {{init_.pidfd.get(), POLLIN, 0},
                     {reins_.get(), POLLIN, 0},
                     {is_slot_there_ ? keeper_.control : -1, POLLIN, 0},
                     input_->interest(),
                     output_->interest(),
                     errors_->interest()};
    const auto left = std::max(time_to_next_look(), nanoseconds(0));
    const timespec timeout{left.count() / 1'000'000'000, left.count() % 1'000'000'000};
    if (::ppoll(wait, std::size(wait), &timeout, nullptr) < 0 && errno != EINTR)
      throw_errno("poll");
    if (wait[3].revents) input_->pump();
    if (wait[4].revents) output_->pump();
    if (wait[5].revents) errors_->pump();
    if (wait[1].revents) handle_message();
    if (wait[0].revents) handle_init_end();
    if (wait[2].revents) handle_control();
    look_at_limits();
  }
}

nanoseconds OneRun::time_to_next_look() const {
  if (phase_ != Phase::running) return kill_deadline_ - now();
  const auto wall_end = started_ + plan_.request.limits.wall;
  return std::min(wall_end, next_look_) - now();
}

void OneRun::handle_control() {
  const auto packet = receive_packet(keeper_.control);
  if (!packet) {
    is_slot_there_ = false;
    end(KillReason::cancel);
  } else if (decode_cancel(packet->bytes) == plan_.request.number) {
    end(KillReason::cancel);
  }
}

void OneRun::handle_message() {
  InitMessage message;
  auto packet = receive_packet(reins_.get(), sizeof message);
  if (!packet || packet->bytes.size() != sizeof message) return reins_.reset();
  std::memcpy(&message, packet->bytes.data(), sizeof message);
  switch (message.type) {
    case InitMessage::Type::started: return program_started(std::move(packet->descriptors));
    case InitMessage::Type::failed: failure_ = message.failure; break;
    case InitMessage::Type::ended: return program_ended(message);
  }
  started_ = ended_ = now();
  phase_ = Phase::ending;
  kill_deadline_ = ended_ + stop_patience;
}

void OneRun::program_started(std::vector<UniqueFd> descriptors) {
  if (!descriptors.empty()) box_ = std::move(descriptors.front());
  started_ = now();
  next_look_ = started_ + until_next_look(plan_.request.limits.cpu);
  phase_ = Phase::running;
}

/// All processes of the run are gone but init, which only has to leave: the destructor waits for
/// it, when the answer is on its way.
void OneRun::program_ended(const InitMessage& message) {
  report_ = message;
  ended_ = now();
  phase_ = Phase::over;
}

void OneRun::handle_init_end() {
  if (reins_.is_open()) {  // its last words may have come after this round's poll
    pollfd wait{reins_.get(), POLLIN, 0};
    while (reins_.is_open() && ::poll(&wait, 1, 0) > 0) handle_message();
  }
  ::waitpid(init_.pid, nullptr, 0);
  init_.pidfd.reset();
  if (phase_ != Phase::ending && phase_ != Phase::over) ended_ = now();
  phase_ = Phase::over;
}

GroupUsage OneRun::usage() const {
  auto usage = group_->usage();
  if (report_ && usage.user + usage.system == Microseconds(0)) {
    usage.user = time_of(report_->usage.ru_utime);
    usage.system = time_of(report_->usage.ru_stime);
  }
  if (!is_sampled()) {
    usage.processes_peak = std::max(usage.processes_peak, sampled_processes_);
    return usage;
  }
  usage.processes_peak = sampled_processes_;
  usage.memory_peak = sampled_memory_;
  usage.cpu = sampled_cpu_;
  if (!report_) return usage;
  usage.cpu = std::max(usage.cpu, usage.user + usage.system);
  if (report_->usage.ru_maxrss > report_->own_peak_kib) {
    const auto largest = static_cast<std::uint64_t>(report_->usage.ru_maxrss) * 1024;
    usage.memory_peak = std::max(usage.memory_peak, largest);
  }
  return usage;
}

/// Init was told to stop, or could not start the program: what if it takes too long to leave.
void OneRun::look_at_deadline() {
  const auto time = now();
  if (time < kill_deadline_) return;
  ::syscall(SYS_pidfd_send_signal, init_.pidfd.get(), SIGKILL, nullptr, 0U);
  kill_deadline_ = time + death_patience;
}

void OneRun::look_at_limits() {
  if (phase_ == Phase::over) return;
  if (phase_ != Phase::running) return look_at_deadline();
  end_if_over_cap();
  pass_on_end_of_output();
  const auto& limits = plan_.request.limits;
  const auto time = now();
  if (time >= started_ + limits.wall) return end(KillReason::wall);
  if (time < next_look_) return;
  if (is_sampled()) sample();
  const auto used = usage();
  sampled_processes_ = std::max(sampled_processes_, used.processes_peak);
  if (used.oom_kills > 0) return end(KillReason::memory);
  if (is_sampled() && used.memory_peak >= limits.memory.count) return end(KillReason::memory);
  if (used.cpu > limits.cpu) return end(KillReason::cpu);
  next_look_ = time + until_next_look(limits.cpu - used.cpu);
}

nanoseconds OneRun::until_next_look(nanoseconds cpu_left) const {
  if (is_sampled()) return sample_interval;
  return std::clamp(cpu_left / keeper_.cores, look_min, look_max);
}

void OneRun::sample() {
  const auto seen = tree_usage(init_.pid);
  auto memory = seen.memory;
  // Children of one parent share most of its pages: that is no reason to end them.
  if (memory >= plan_.request.limits.memory.count)
    memory = std::min(memory, tree_memory_together(init_.pid).value_or(memory));
  sampled_memory_ = std::max(sampled_memory_, memory);
  sampled_processes_ = std::max(sampled_processes_, seen.processes);
  sampled_cpu_ = std::max(sampled_cpu_, seen.user + seen.system);
}

void OneRun::end_if_over_cap() {
  if (output_->is_over_cap()) return end(KillReason::stdout_cap);
  if (errors_->is_over_cap()) return end(KillReason::stderr_cap);
  if (output_->sink_error() == 0 && errors_->sink_error() == 0) return;
  const bool is_output = output_->sink_error() != 0;
  set_failure(failure_.emplace(), is_output ? "stdout sink" : "stderr sink",
              is_output ? output_->sink_error() : errors_->sink_error());
  end(KillReason::own_failure);
}

void OneRun::pass_on_end_of_output() {
  if (!output_->is_at_end()) return;
  if (!output_end_) output_end_ = now();
  if (now() >= *output_end_ + half_close_patience) output_->close_sink();
}

void OneRun::end(KillReason reason) {
  if (phase_ != Phase::running) return;
  killed_ = reason;
  ended_ = now();
  phase_ = Phase::ending;
  kill_deadline_ = ended_ + stop_patience;
  group_->kill();
  if (::send(reins_.get(), &word_stop, 1, MSG_NOSIGNAL | MSG_DONTWAIT) != 1)
    kill_deadline_ = ended_;
}

Result OneRun::finish() {
  const int interrupt = is_slot_there_ ? keeper_.control : -1;
  output_->drain(plan_.request.output_patience, interrupt);
  errors_->drain(plan_.request.output_patience, interrupt);
  input_->close();
  Observation seen{.failure = failure_, .killed = killed_, .limits = plan_.request.limits};
  Result result;
  fill_outputs(seen, result);
  const auto used = usage();
  seen.cpu = used.cpu;
  seen.wall = between(started_, ended_);
  seen.memory_peak = used.memory_peak;
  seen.oom_kills = used.oom_kills;
  seen.is_oom_foreign = used.is_oom_foreign;
  seen.is_peak_decisive = is_sampled();
  if (report_)
    seen.wait_status = report_->wait_status;
  else if (killed_ != KillReason::none)
    seen.wait_status = SIGKILL;  // a raw status: ours, through init's death
  decide(seen, result);
  fill_figures(result, used);
  if (report_) collect(result);
  result.teardown = between(ended_, now());
  return result;
}

void OneRun::fill_outputs(Observation& seen, Result& result) {
  if (!seen.failure && output_->sink_error() != 0)
    set_failure(seen.failure.emplace(), "stdout sink", output_->sink_error());
  if (!seen.failure && errors_->sink_error() != 0)
    set_failure(seen.failure.emplace(), "stderr sink", errors_->sink_error());
  seen.is_stdout_over = output_->is_over_cap();
  seen.is_stderr_over = errors_->is_over_cap();
  result.stdout_bytes = output_->bytes();
  result.stderr_bytes = errors_->bytes();
  result.is_stdout_cut = output_->is_cut();
  result.is_stderr_cut = errors_->is_cut();
}

void OneRun::fill_figures(Result& result, const GroupUsage& used) const {
  const auto whole = [](Microseconds time) {
    return std::chrono::duration_cast<Milliseconds>(time);
  };
  result.cpu = whole(used.cpu);
  // v1 counts the sum exactly: the parts, by rusage, share it.
  const auto parts = (used.user + used.system).count();
  result.user = parts == 0 ? result.cpu : result.cpu * used.user.count() / parts;
  result.system = result.cpu - result.user;
  result.wall = whole(between(started_, ended_));
  result.ended = ended_;
  result.setup = between(requested_, started_);
  result.limits = to_string(keeper_.groups.mode());
  result.peak_kib = used.memory_peak / 1024;
  result.peak_source = is_sampled() ? "rusage" : "cgroup";
  result.processes_peak = used.processes_peak;
  if (report_) {
    result.switches_voluntary = static_cast<std::uint64_t>(report_->usage.ru_nvcsw);
    result.switches_forced = static_cast<std::uint64_t>(report_->usage.ru_nivcsw);
    if (used.memory_peak == 0) {  // a kernel without memory.peak, or no more than init
      result.peak_kib = static_cast<std::uint64_t>(report_->usage.ru_maxrss);
      result.peak_source = "rusage";
    }
  }
  if (result.processes_peak == 0 && report_) result.processes_peak = 1;
}

void OneRun::collect(Result& result) {
  if (!box_.is_open()) return;
  const auto size_max = plan_.request.limits.file_size;
  for (const auto& name : plan_.request.collect) {
    if (name.ends_with('/')) {
      collect_folder(box_.get(), name, size_max, result.collected);
    } else if (is_box_name(name)) {
      auto file = collect_file(box_.get(), name, size_max);
      if (!file.fd.is_open()) continue;
      result.collected.push_back({.name = name, .fd = std::move(file.fd), .size = file.size});
    }
  }
}

}  // namespace daemonz::sandbox

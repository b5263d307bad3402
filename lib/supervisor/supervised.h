// One instance at run time: its state, its child, its tree, its timers. Performs the actions of the
// state machine (instance.h) and reports what happens as events. Does not decide, and does not know
// the other instances: conductor.h does.
#pragma once

#include <sys/resource.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "process/launch.h"
#include "process/notify.h"
#include "process/tree.h"
#include "supervisor/groups.h"
#include "supervisor/health_watch.h"
#include "supervisor/home.h"
#include "supervisor/line_search.h"
#include "supervisor/log_thread.h"
#include "supervisor/loop.h"
#include "supervisor/main_search.h"
#include "supervisor/memory_watch.h"
#include "supervisor/plan.h"
#include "supervisor/probe.h"
#include "supervisor/stop_command.h"

namespace daemonz::supervisor {

/// What all instances of one supervisor share. Loans; they outlive the instances.
struct Surroundings {
  Loop& loop;
  const Home& home;
  LogFiles& log_files;
  LogThread& log_thread;
  Groups& groups;
  rlimit open_files{};  ///< RLIMIT_NOFILE for children: as the supervisor was started with
};

/// The child's ends of the pipes that its output goes to. `errors` is not open where both are one.
struct ChildOutput {
  UniqueFd output, errors;
};

/// Owns the child, and leaves a living one to the next supervisor, however this one ends. Threads:
/// one.
class Supervised {
 public:
  using Feed = std::function<void(Supervised&, Event)>;

  /// Opens its log, and takes over what stands unread in its pipe. `feed` takes events; it may not
  /// call handle() at once.
  Supervised(const Surroundings& surroundings, PlannedInstance planned, Feed feed);
  ~Supervised();
  Supervised(const Supervised&) = delete;
  Supervised& operator=(const Supervised&) = delete;

  /// One step of the state machine, and its actions but launch, check_dependencies and give_up,
  /// which are returned for the supervisor.
  [[nodiscard]] std::vector<Action> handle(Event event);
  /// The timer that the events handled so far ask for. After the last one of a burst: what one of
  /// them sets, the next often takes back.
  void arm_timer();

  /// The parts of a launch: what comes before it, with the descriptors that it needs; what is to be
  /// launched; and what has come of it, which is fed. Throws Error.
  [[nodiscard]] ChildOutput prepare_launch();
  [[nodiscard]] process::LaunchOptions launch_options(const ChildOutput& to) const;
  void take_launched(process::Child child);
  void take_failed_launch(std::string why);

  /// Takes over what an earlier supervisor has left of it, and feeds that. Before any other event.
  /// False: nothing is left, it is to be started.
  [[nodiscard]] bool inherit(const RecordedInstance& past);
  /// It is to be as `next` says. The rules hold at once, or, where the process has to be another
  /// one, with the next one: whoever calls this feeds a restart.
  void replan(PlannedInstance next, bool is_at_once);
  /// It is gone for good, while others go on: its pipes go, too. Where all end, clean() sees to it.
  void forget();
  /// What the next supervisor must know. nullopt: nothing.
  [[nodiscard]] std::optional<RecordedInstance> recorded() const;
  /// As Instance::has_excuse, for the events that come next.
  void set_excuse(bool has_excuse) noexcept { instance_.has_excuse = has_excuse; }
  /// It is not configured any more: it is stopped, and taken away then.
  void set_retired(bool is_retired) noexcept { is_retired_ = is_retired; }
  [[nodiscard]] bool is_retired() const noexcept { return is_retired_; }

  void child_ended();  ///< its pidfd is readable: reaps it and feeds exited_*
  /// A child of the supervisor has ended: if it is this instance's, what follows is done. False: it
  /// is not, and nobody has reaped it.
  [[nodiscard]] bool take_ended(pid_t pid);
  void send(int signal);  ///< to the main process; nothing where none is left
  void look_at_tree();    ///< feeds tree_empty when nothing of a dead child's tree is left

  [[nodiscard]] const PlannedInstance& planned() const noexcept { return planned_; }
  /// As it will be with its next process.
  [[nodiscard]] const PlannedInstance& intended() const noexcept {
    return next_ ? *next_ : planned_;
  }
  [[nodiscard]] const Instance& instance() const noexcept { return instance_; }
  /// 0: no main process; that of a program which daemonizes itself may not be found yet.
  [[nodiscard]] pid_t pid() const noexcept {
    return instance_.has_child && !search_ ? child_->pid() : 0;
  }
  [[nodiscard]] const process::TreeMark& mark() const noexcept { return mark_; }
  [[nodiscard]] const std::string& why() const noexcept {
    return why_;
  }  ///< of the last end, or of UNHEALTHY
  /// Its last run ended with exit code 0.
  [[nodiscard]] bool has_ended_well() const noexcept { return has_ended_well_; }
  /// It has said RELOADING=1, and not READY=1 since then.
  [[nodiscard]] bool is_reloading() const noexcept { return is_reloading_; }
  [[nodiscard]] const std::string& status_text() const noexcept { return status_text_; }
  [[nodiscard]] std::optional<SteadyTime> launched_at() const noexcept { return launched_at_; }
  [[nodiscard]] const std::string& log_path() const noexcept { return output_.sink->path(); }
  [[nodiscard]] std::uint64_t dropped_bytes() const noexcept;  ///< of its output, in all
  [[nodiscard]] std::string last_lines(int lines_max) const;
  /// When it counts as up for a start that waits. A ready check decides at once; without one it has
  /// to live for a moment: what dies in its first lines has not started. nullopt: not ready.
  [[nodiscard]] std::optional<SteadyTime> up_from() const;
  [[nodiscard]] bool is_settled_down() const noexcept {
    return !instance_.has_child && !instance_.has_tree;
  }

 private:
  struct Stream {
    std::shared_ptr<LogSink> sink;  // shared with the log thread
    Loop::Watch watch;              // after the sink: it ends before that closes
    std::uint64_t run_offset = 0;   // where this run's lines begin in the file
  };

  void open_streams();
  [[nodiscard]] std::shared_ptr<LogSink> make_sink(const std::string& path,
                                                   const char* suffix) const;
  void change(Stream& stream, std::shared_ptr<LogSink> sink);
  void apply(PlannedInstance next);
  void take_output();
  void take_notifications();
  [[nodiscard]] bool may_speak(const process::Notification& notification) const;
  [[nodiscard]] bool is_one_of_ours(uid_t user) const;
  void act_on(const process::Notification& notification);
  void switch_main(const std::string& text);
  [[nodiscard]] bool has_whole_tree() const;
  [[nodiscard]] bool is_tree_empty() const;
  void let_go_of_tree();
  void look_again(Milliseconds pause);
  void watch_over();
  void begin_health();
  void begin_memory();
  void look_for_line();
  [[nodiscard]] ChildOutput open_output() const;
  [[nodiscard]] process::LaunchOptions options_for(const std::vector<std::string>& argv,
                                                   const ChildOutput& to) const;
  [[nodiscard]] process::Child start_process(const std::vector<std::string>& argv) const;
  void search_main();
  void take_main(const process::Identity& main);
  void begin_readiness();
  void stop_tree();
  void signal_stop();
  void kill_tree();
  void arm_watchdog();
  void say(State before);

  const Surroundings& surroundings_;
  PlannedInstance planned_;
  Feed feed_;
  Instance instance_;
  process::NotifySocket notify_;
  std::optional<process::Child> child_;
  process::TreeMark mark_;
  std::string why_, status_text_;
  std::string fingerprint_;  // of what the process was started with
  bool has_ended_well_ = false;
  bool is_reloading_ = false;
  std::optional<SteadyTime> launched_at_;
  Stream output_, errors_;  // errors_ without a sink: merged into the output
  // After the descriptors: watches end before those close.
  Loop::Watch notify_watch_, child_watch_, timer_watch_, watchdog_watch_, tree_watch_;
  std::optional<SteadyTime> armed_for_;
  std::unique_ptr<Probe> probe_;
  std::vector<LineSearch> searches_;
  std::unique_ptr<HealthWatch> health_;
  std::unique_ptr<MemoryWatch> memory_;
  std::unique_ptr<PlannedInstance> next_;  // once the process of planned_ has ended
  bool is_inherited_ = false;              // the child is not ours to reap, nor are its orphans
  bool is_retired_ = false;
  bool has_killed_group_ = false;       // mark_.cgroup, in this run
  bool was_up_ = false;                 // at the last step: what is watched has begun
  std::unique_ptr<MainSearch> search_;  // type forking: its start command has ended well
  bool has_found_main_ = false;
  std::unique_ptr<StopCommand> stop_command_;  // of the stop under way, also when it has ended
};

}  // namespace daemonz::supervisor

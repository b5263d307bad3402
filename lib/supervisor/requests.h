// What people ask for, over the control socket (PROTOCOL.md) or by SIGHUP, and what follows of it
// for the instances and the wishes that are kept. Not the socket (control.h), not the words of the
// answers (answers.h), not what then happens (conductor.h). Follows supervisor.md, "Control".
#pragma once

#include <string>
#include <vector>

#include "config/config.h"
#include "supervisor/answers.h"
#include "supervisor/conductor.h"
#include "supervisor/control.h"
#include "supervisor/replan.h"
#include "supervisor/wishes.h"

namespace daemonz::supervisor {

/// Threads: one, the loop's.
class Requests {
 public:
  /// The loans outlive it. `config`: as the file was read last.
  Requests(Conductor& conductor, const Surroundings& surroundings, config::Config config,
           Wishes wishes, const std::string& program_folder);

  /// What is to run from the beginning, all without a target; `known` was taken over already.
  /// Nothing happens before the conductor's next settle().
  void begin_with(const std::vector<std::string>& targets,
                  const std::vector<const Supervised*>& known);
  /// One line of the control socket.
  void answer(const std::string& line, const ControlServer::Reply& reply);
  void reload_by_signal();

  /// The supervisor ends and its children live on, as asked for.
  [[nodiscard]] bool is_keeping_children() const { return is_keeping_; }

 private:
  using Tell = std::function<void(std::string)>;
  void begin(const std::vector<Supervised*>& targets, Event event, const Request& request,
             const Tell& reply);
  void change(NewPlan plan, const Request& request, const Tell& reply);
  void wait_for(std::vector<Supervised*> targets, const Request& request, const Tell& reply);
  void leave_children(const ControlServer::Reply& reply);
  void hold(const std::vector<Supervised*>& targets, bool is_stop);
  [[nodiscard]] bool is_held(const Supervised& instance) const;
  [[nodiscard]] Present present() const;

  Conductor& conductor_;
  const Surroundings& surroundings_;
  config::Config config_;
  KeptWishes wishes_;
  const std::string& program_folder_;
  bool is_keeping_ = false;
};

}  // namespace daemonz::supervisor

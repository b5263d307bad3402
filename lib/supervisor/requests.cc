#include "supervisor/requests.h"

#include <set>
#include <utility>

#include "base/log.h"
#include "supervisor/home.h"

namespace daemonz::supervisor {

Requests::Requests(Conductor& conductor, const Surroundings& surroundings, config::Config config,
                   Wishes wishes, const std::string& program_folder)
    : conductor_(conductor),
      surroundings_(surroundings),
      config_(std::move(config)),
      wishes_(surroundings.home.wishes_file, std::move(wishes)),
      program_folder_(program_folder) {
  for (auto& one : config_.daemons) one.places.clear();  // told by now, and of a thousand: 1 MB
}

void Requests::begin_with(const std::vector<std::string>& targets,
                          const std::vector<const Supervised*>& known) {
  const auto wanted = conductor_.fleet().chosen(targets, Fleet::Reach::with_dependencies);
  if (!targets.empty()) hold(wanted, false);
  const std::set<const Supervised*> taken_over(known.begin(), known.end());
  for (auto* const instance : wanted) {
    if (is_held(*instance))
      log::info("supervisor", "instance stays stopped, as asked for",
                {{"name", instance->planned().name}});
    else if (!taken_over.contains(instance))
      conductor_.add(*instance, Event::start);
  }
  if (auto& upward = conductor_.upward(); upward.is_wanted())
    wait_for(wanted, {.targets = targets}, [&upward](const std::string&) { upward.ready(); });
}

void Requests::answer(const std::string& line, const ControlServer::Reply& reply) {
  try {
    const auto request = parse_request(line);
    using Command = Request::Command;
    const bool is_start =
        request.command == Command::start || request.command == Command::wait_until_up;
    auto targets = conductor_.fleet().chosen(
        request.targets, is_start ? Fleet::Reach::with_dependencies : Fleet::Reach::as_named);
    switch (request.command) {
      case Command::status: return reply(status_answer(targets));
      case Command::wait_until_up: wait_for(std::move(targets), request, reply); break;
      case Command::reload: return change(plan_reload(present()), request, reply);
      case Command::scale:
        return change(plan_scale(present(), request.targets[0], request.instances), request, reply);
      case Command::start: return begin(targets, Event::start, request, reply);
      case Command::restart: return begin(targets, Event::restart, request, reply);
      case Command::stop: return begin(targets, Event::stop, request, reply);
      case Command::signal:
        for (auto* const target : targets)
          if (target->pid() > 0) target->send(request.signal);
        return reply(done_answer());
      case Command::events: return conductor_.event_stream().add(reply, request.targets);
      case Command::shutdown:
        log::info("supervisor", "asked to stop", {{"by", "control"}});
        if (request.is_keeping) return leave_children(reply);
        conductor_.begin_shutdown(0);
        reply(stopping_answer(conductor_.fleet().stop_time()));
    }
    conductor_.settle();
  } catch (const std::exception& problem) {
    reply(refusal(problem.what()));
  }
}

void Requests::begin(const std::vector<Supervised*>& targets, Event event, const Request& request,
                     const Tell& reply) {
  if (conductor_.is_shutting_down()) return reply(refusal("the supervisor is stopping"));
  const auto goal = event == Event::stop ? Waiter::Goal::down : Waiter::Goal::up;
  if (request.is_waiting)
    conductor_.waiters().add({targets, goal, reply});
  else
    reply(done_answer());
  for (auto* const target : targets) conductor_.add(*target, event);
  hold(targets, event == Event::stop);
  conductor_.settle();
}

bool Requests::is_held(const Supervised& instance) const {
  return wishes_.now().is_stopped(instance.planned().daemon, instance.planned().index);
}

// Stopped, or not, until a person says otherwise.
void Requests::hold(const std::vector<Supervised*>& targets, const bool is_stop) {
  auto wishes = wishes_.now();
  for (const auto* const target : targets)
    wishes.set_stopped(target->planned().daemon, target->planned().index, is_stop);
  wishes_.set(std::move(wishes));
}

// What a person keeps stopped is not waited for, unless it was named.
void Requests::wait_for(std::vector<Supervised*> targets, const Request& request,
                        const Tell& reply) {
  std::vector<std::string> held;
  for (const auto* const target : targets)
    if (request.targets.empty() && is_held(*target)) held.push_back(target->planned().name);
  if (!held.empty())
    std::erase_if(targets, [this](const auto* target) { return is_held(*target); });
  conductor_.waiters().add({std::move(targets), Waiter::Goal::up, [held, reply](const auto& line) {
                              reply(with_list(line, "held", held));
                            }});
}

Present Requests::present() const {
  return {.config = config_,
          .wishes = wishes_.now(),
          .fleet = conductor_.fleet(),
          .program_folder = program_folder_};
}

void Requests::change(NewPlan plan, const Request& request, const Tell& reply) {
  if (conductor_.is_shutting_down()) return reply(refusal("the supervisor is stopping"));
  std::vector<std::string> sentences;
  for (const auto& each : plan.changes) sentences.push_back(sentence_of(each));
  const auto tell = [sentences, reply](const std::string& line) {
    reply(with_list(line, "plan", sentences));
  };
  if (request.is_dry_run) return tell(done_answer());
  const auto events = carry_out(plan, conductor_.fleet());
  config_ = std::move(plan.config);
  if (request.command == Request::Command::reload) conductor_.event_stream().tell("reloaded");
  wishes_.set(std::move(plan.wishes));
  std::vector<Supervised*> started;
  for (const auto& [instance, event] : events)
    if (event != Event::stop) started.push_back(instance);
  for (const auto& [instance, event] : events) conductor_.add(*instance, event);
  if (request.is_waiting)
    conductor_.waiters().add({std::move(started), Waiter::Goal::up, tell});
  else
    tell(done_answer());
  conductor_.settle();
}

void Requests::reload_by_signal() {
  log::info("supervisor", "asked to reload", {{"signal", "HUP"}});
  conductor_.upward().reloading();
  try {
    change(plan_reload(present()), {.command = Request::Command::reload},
           [this](const std::string&) { conductor_.upward().ready(); });
  } catch (const std::exception& problem) {
    log::error("supervisor", "not reloaded", {{"why", problem.what()}});
    conductor_.upward().ready();
  }
}

void Requests::leave_children(const ControlServer::Reply& reply) {
  if (!conductor_.recorder().write())
    return reply(
        refusal("the next supervisor would not know what runs: " + surroundings_.home.state_file +
                " cannot be written, is the disk full? Nothing was ended"));
  is_keeping_ = true;
  reply(done_answer());
  surroundings_.loop.stop();
}

}  // namespace daemonz::supervisor

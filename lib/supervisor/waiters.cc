#include "supervisor/waiters.h"

#include <utility>

namespace daemonz::supervisor {

void Waiters::look(const Fleet& fleet) {
  const auto now = real_clock().steady();  // of the whole look
  auto waiting = std::exchange(waiters_, {});
  for (auto& waiter : waiting) {
    if (!waiter.is_over(fleet.all(), now)) {
      waiters_.push_back(std::move(waiter));
      continue;
    }
    before_answers_();
    waiter.reply(waiter.goal == Waiter::Goal::up ? up_answer(waiter.targets) : done_answer());
  }
  std::optional<SteadyTime> next_look;
  for (const auto& waiter : waiters_)
    if (const auto next = waiter.next_look(now); next && (!next_look || *next < *next_look))
      next_look = next;
  timer_.cancel();
  if (next_look) timer_ = loop_.at(*next_look, [this, &fleet] { look(fleet); });
}

}  // namespace daemonz::supervisor

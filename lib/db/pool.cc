#include "db/pool.h"

#include <unistd.h>

#include "base/check.h"
#include "base/clock.h"
#include "db/mysql_url.h"
#include "db/transaction.h"

namespace daemonz::db {
namespace {

struct Seat {
  std::atomic<Connection*> connection{nullptr};  // owned; read without the lock in a forked child
  bool is_taken = false;
};

/// A server that restarts refuses for a while; a file that is not there is told at once.
std::unique_ptr<Connection> connect_until(SteadyTime deadline, const PoolOptions& options) {
  for (auto wait = retry_wait_first;; wait = std::min(wait * 2, retry_wait_max)) {
    try {
      return connect(options.url, options.busy_wait);
    } catch (const DatabaseError& problem) {
      const bool is_worth_it =
          problem.failure() == Failure::gone && options.url.starts_with(mysql_scheme);
      if (!is_worth_it || real_clock().steady() + wait > deadline) throw;
    }
    std::this_thread::sleep_for(wait);  // sleep-ok: a server that is away wakes nobody
  }
}

}  // namespace

// Everything that a fork may leave half changed. The seats never move, so that a child can walk
// them although another thread of its parent was inside the pool at that moment.
struct Pool::State {
  explicit State(std::size_t limit) : seats(limit) {}
  const pid_t pid = ::getpid();
  std::mutex guard;
  std::condition_variable freed;
  std::vector<Seat> seats;

  std::optional<std::size_t> free_seat() {
    std::optional<std::size_t> empty;
    for (std::size_t i = 0; i < seats.size(); ++i) {
      if (seats[i].is_taken) continue;
      if (seats[i].connection.load()) return i;  // an open one first
      if (!empty) empty = i;
    }
    return empty;
  }
};

Pool::Pool(PoolOptions options) : options_(std::move(options)) {
  DAEMONZ_CHECK(options_.limit > 0, "a pool without connections serves nobody");
  state_ = new State(options_.limit);
}

Pool::~Pool() {
  detach_if_forked();
  const auto* here = state_.load();
  for (const auto& seat : here->seats) {
    DAEMONZ_CHECK(!seat.is_taken, "a pool ended before its connections came back");
    delete seat.connection.load();
  }
  delete here;
}

void Pool::detach_if_forked() noexcept {
  auto* const here = state_.load();
  if (here->pid == ::getpid()) return;
  for (const auto& seat : here->seats)
    if (auto* const connection = seat.connection.load()) connection->detach();
  state_ = new State(options_.limit);  // the old one stays: its mutex may be locked for ever
}

Pool::State& Pool::state() {
  detach_if_forked();
  return *state_.load();
}

Pool::Taken Pool::take() {
  auto& here = state();
  const auto deadline = real_clock().steady() + options_.wait_max;
  std::optional<std::size_t> seat;
  {
    std::unique_lock lock(here.guard);
    here.freed.wait_until(lock, deadline, [&] { return (seat = here.free_seat()).has_value(); });
    if (!seat)
      throw Error(ErrorText{
          .what = "no database connection was free within " + to_string(options_.wait_max),
          .where = "pool of " + std::to_string(options_.limit),
          .hint = "Give the pool a higher limit, or hold connections for a shorter time."});
    here.seats[*seat].is_taken = true;
  }
  Taken taken(*this, *seat, here.pid);  // gives the seat back when the next lines throw
  auto& connection = here.seats[*seat].connection;
  if (!connection.load()) connection = connect_until(deadline, options_).release();
  connection.load()->verify();
  return taken;
}

void Pool::give_back(std::size_t seat, pid_t pid) noexcept {
  if (pid != ::getpid()) return detach_if_forked();  // taken before the fork: never ours
  auto& here = *state_.load();
  if (here.pid != pid) return;
  Connection* broken = here.seats[seat].connection.load();
  if (broken && broken->is_in_transaction())
    here.seats[seat].connection = nullptr;  // its effects are nobody's: closing rolls them back
  else
    broken = nullptr;
  delete broken;
  {
    const std::scoped_lock lock(here.guard);
    here.seats[seat].is_taken = false;
  }
  here.freed.notify_one();
}

std::size_t Pool::open_count() const {
  const auto& seats = state_.load()->seats;
  return static_cast<std::size_t>(std::ranges::count_if(
      seats, [](const Seat& seat) { return seat.connection.load() != nullptr; }));
}

Pool::Taken::Taken(Taken&& other) noexcept
    : pool_(std::exchange(other.pool_, nullptr)), seat_(other.seat_), pid_(other.pid_) {}

Pool::Taken::~Taken() {
  if (pool_) pool_->give_back(seat_, pid_);
}

Connection& Pool::Taken::operator*() const {
  DAEMONZ_CHECK(pool_ && pid_ == ::getpid(), "a connection taken before a fork is the parent's");
  return *pool_->state_.load()->seats[seat_].connection.load();
}

}  // namespace daemonz::db

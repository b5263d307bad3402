#include "simulation/machine.h"

#include <algorithm>
#include <charconv>

#include "base/error.h"

namespace daemonz::simulation {

using tests::FaultyDisk;

Machine::Machine(Options options, Random& random, tests::ManualClock& clock, Ledger& ledger)
    : options_(std::move(options)),
      random_(random),
      clock_(clock),
      ledger_(ledger),
      disk_(std::make_unique<FaultyDisk>()) {}

Machine::~Machine() {
  disk_->stop();
  take_down();
}

std::shared_ptr<Link> Machine::connect() {
  if (!is_up()) return nullptr;
  auto link = std::make_shared<Link>(++last_link_);
  link->session_ = std::make_unique<queue_server::Session>(*hub_, *link, link->id);
  links_.emplace(link->id, link);
  return link;
}

// --- life and death

void Machine::open() {
  store_ = queue::open_store({.journal = {.folder = "/data",
                                          .segment_size = options_.segment_size,
                                          .memory = kibibytes(64),
                                          .ride_max = std::chrono::hours(1'000),
                                          .disk = disk_.get(),
                                          .by_hand = &by_hand_},
                              .queues = options_.queues,
                              .takeover_time = options_.takeover},
                             clock_);
  hub_ = std::make_unique<queue_server::Hub>(*store_, clock_, queue_server::HubOptions{});
}

void Machine::start() {
  try {
    open();
  } catch (const Error& problem) {
    if (crash_if_stopped()) return;
    if (problem.code() == ENOSPC && disk_->space_left() != UINT64_MAX)
      return ledger_.happens("start refused: the disk is full");
    throw Violation(std::string("5: the server does not start: ") + problem.what());
  }
  if (crash_if_stopped()) return;
  ledger_.server_started();
  is_failure_noted_ = false;
}

void Machine::take_down() {
  if (hub_) hub_->is_stopping = true;
  for (auto& [id, link] : links_) {
    link->session_.reset();
    link->is_broken = true;
  }
  links_.clear();
  hub_.reset();
  store_.reset();
}

void Machine::crash(Crash how) {
  ledger_.happens(how == Crash::power ? "crash of the machine" : "crash of the server");
  ++crashes_;
  if (is_up()) observe(true);
  const auto space_left = disk_->space_left();
  auto image = how == Crash::power ? disk_->after_power_cut(random_) : disk_->as_written();
  disk_->stop();
  take_down();
  if (how == Crash::power) ledger_.power_cut();
  // A process leaves unsynced bytes behind: they are still unsynced.
  if (how == Crash::power)
    disk_ = std::make_unique<FaultyDisk>(image, random_());
  else
    disk_ = disk_->after_process_crash(random_());
  disk_->lie_about_syncs(lie_);
  disk_->limit_space(space_left);
}

void Machine::stop_cleanly() {
  ledger_.happens("clean stop");
  hub_->is_stopping = true;  // the leases are kept for the next start
  for (auto& [id, link] : links_) {
    for (const auto& pop : link->pops_) ledger_.pop_returned(pop.body);
    link->session_.reset();
    link->is_broken = true;
  }
  links_.clear();
  try {
    store_->flush();
    store_->close();
  } catch (const Error&) {  // a failed disk; what was promised before still holds
  }
  crash(disk_->has_stopped() ? planned_ : Crash::process);
}

void Machine::lie(FaultyDisk::Lie lie) {
  lie_ = lie;
  disk_->lie_about_syncs(lie);
}

void Machine::plan_stop(std::uint64_t operations, Crash how) {
  ledger_.happens("stop in " + std::to_string(operations) + " operations");
  planned_ = how;
  disk_->stop_after(operations);
}

bool Machine::crash_if_stopped() {
  if (!disk_->has_stopped()) return false;
  crash(planned_);
  return true;
}

// --- turns

void Machine::turn() {
  was_failed_ = store_->is_failed();
  hub_->begin_turn();
  for (auto& [id, link] : links_)
    if (!chance(random_, 4)) receive(*link);
  hub_->end_turn();
  if (crash_if_stopped()) return;
  note_failure();
  observe(false);
  was_failed_ = false;
  for (auto& [id, link] : links_)
    if (!chance(random_, 4)) send(*link);
  store_->flush();  // what go_on() took
  if (crash_if_stopped()) return;
  note_failure();
  observe(false);
  std::erase_if(links_, [](const auto& each) { return each.second->session_ == nullptr; });
}

void Machine::receive(Link& link) {
  if (link.is_closed && (link.to_server.empty() || chance(random_, 2))) return end_link(link);
  if (link.to_server.empty()) return;
  const auto size =
      chance(random_, 8) ? 1 + random_() % link.to_server.size() : link.to_server.size();
  link.session_->receive(std::string_view(link.to_server).substr(0, size));
  link.to_server.erase(0, size);
}

void Machine::send(Link& link) {
  if (!link.session_) return;
  const auto output = link.session_->output();
  if (!output.empty()) {
    const auto size = chance(random_, 8) ? 1 + random_() % output.size() : output.size();
    if (!link.is_closed) link.to_client += output.substr(0, size);
    link.session_->sent(size);
    link.sent_ += size;
    while (!link.pops_.empty() && link.pops_.front().end <= link.sent_) link.pops_.pop_front();
    link.session_->go_on();
  }
  if (link.session_->is_over() && link.session_->output().empty()) end_link(link);
}

/// What a turn handed out that could not be written is taken back, and was perhaps written.
void Machine::note_failure() {
  if (store_->is_failed() && !std::exchange(is_failure_noted_, true)) ledger_.store_failed();
}

void Machine::end_link(Link& link) {
  if (!store_->is_failed())  // a failed disk cannot note it
    for (const auto& pop : link.pops_) ledger_.pop_returned(pop.body);
  ledger_.link_lost(link.id);
  link.session_.reset();
  link.is_broken = true;
}

void Machine::commit() {
  if (chance(random_, 3)) by_hand_.make_spare();
  if (chance(random_, 8)) by_hand_.end_ride();
  if (chance(random_, 2)) by_hand_.commit();
  if (crash_if_stopped()) return;
  hub_->begin_turn();
  release_held();
  hub_->end_turn();
  if (crash_if_stopped()) return;
  note_failure();
  observe(false);
}

void Machine::release_held() {
  for (auto& [id, link] : links_)
    if (link->session_) link->session_->release_durable();
}

// --- what came out

void Machine::observe(bool is_cut_off) {
  std::vector<HandOut> outs;
  for (auto& [id, link] : links_) {
    if (!link->session_) continue;
    const auto output = link->session_->output();
    const auto known = static_cast<std::size_t>(link->observed_ - link->sent_);
    link->unparsed_ += output.substr(known);
    link->observed_ += output.size() - known;
    const auto known_outs = outs.size();
    while (!link->unparsed_.empty()) observe_line(*link, outs);
    for (auto i = known_outs; i < outs.size(); ++i) outs[i].is_cut_off = is_cut_off;
  }
  std::ranges::sort(outs, {}, &HandOut::id);
  for (const auto& out : outs) ledger_.handed_out(out);
}

void Machine::observe_line(Link& link, std::vector<HandOut>& outs) {
  const auto line_end = link.unparsed_.find("\r\n");
  if (line_end == std::string::npos) throw Violation("an answer without a line end");
  const auto line = link.unparsed_.substr(0, line_end);
  link.unparsed_.erase(0, line_end + 2);
  const bool is_value = line.starts_with("VALUE ");
  if (was_failed_ && (is_value || line == "STORED" || line == "DELETED" || line == "TOUCHED"))
    throw Violation("delivery.md 22: a server whose disk has failed answers " + line);
  if (!is_value) return;
  std::array<std::string, 5> words;  // VALUE queue flags size id
  std::size_t at = 0;
  for (auto& word : words) {
    const auto end = std::min(line.find(' ', at), line.size());
    word = line.substr(at, end - at);
    at = std::min(end + 1, line.size());
  }
  const auto size = std::stoull(words[3]);
  HandOut out{.body = link.unparsed_.substr(0, size),
              .queue = words[1],
              .id = std::stoull(words[4]),
              .link = link.id,
              .lease = link.lease};
  link.unparsed_.erase(0, size + 2);
  constexpr std::size_t end_size = 5;  // of "END\r\n"
  if (out.lease == Milliseconds(0))
    link.pops_.push_back({link.observed_ - link.unparsed_.size() + end_size, out.body});
  outs.push_back(std::move(out));
}

}  // namespace daemonz::simulation

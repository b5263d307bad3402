#include "broker/memcache.h"

#include <algorithm>
#include <charconv>

#include "base/error.h"
#include "broker/memcache_key.h"
#include "broker/memcache_link.h"

namespace daemonz::broker {
namespace {

/// How long one get waits on a connection that an interrupt cannot reach.
constexpr Milliseconds blind_wait_max{250};

PushResult push_result(const Answer& answer) {
  switch (answer.reply) {
    case Reply::done: return {PushState::confirmed, {}};
    case Reply::exists: return {PushState::duplicate, answer.text};
    case Reply::not_stored: return {PushState::refused, "the queue is full"};
    case Reply::no_memory:
    case Reply::too_large:
    case Reply::client_error:
    case Reply::not_found: return {PushState::refused, answer.text};
    case Reply::unreachable: return {PushState::unreachable, answer.text};
    // "storage failed": it may be on the disk all the same (delivery.md, 22).
    case Reply::server_error:
    case Reply::broken: return {PushState::unknown, answer.text};
  }
  return {};
}

Settled settled(const Answer& answer) {
  switch (answer.reply) {
    case Reply::done: return Settled::done;
    case Reply::not_found: return Settled::gone;
    case Reply::unreachable:
    case Reply::broken: return Settled::unknown;
    case Reply::server_error:
    case Reply::no_memory: return Settled::failed;
    case Reply::exists:
    case Reply::not_stored:
    case Reply::too_large:
    case Reply::client_error: return Settled::refused;
  }
  return Settled::failed;
}

/// Milliseconds as the whole seconds of `touch`, never less than asked for.
Seconds rounded_up(Milliseconds time) {
  return std::chrono::ceil<Seconds>(std::max(time, Milliseconds(0)));
}

class Memcache final : public Broker {
 public:
  explicit Memcache(const Options& options)
      : where_(without_password(options.url)), link_(options) {}

  PushResult push(const QueueName& queue, std::string_view body,
                  const PushOptions& options) override {
    return push_result(link_.set(push_key(queue, options), body));
  }

  PushResult push_many(const QueueName& queue, std::span<const std::string> bodies,
                       const PushOptions& options) override {
    if (bodies.empty()) throw Error("push_many needs at least one body");
    std::string batch;
    for (const auto& body : bodies) {
      batch += std::to_string(body.size()) + "\r\n";
      batch += body;
      batch += "\r\n";
    }
    if (batch.size() > batch_size_max.count)
      return {PushState::refused, "a batch of " + to_string(Bytes(batch.size())) +
                                      " is above the limit of " + to_string(batch_size_max)};
    return push_result(link_.set(push_many_key(queue, options, bodies.size()), batch));
  }

  Popped pop(const PopRequest& request) override {
    if (link_.take_interrupt()) return interrupted(request);
    auto wait = std::clamp(request.wait, Milliseconds(0), wait_max);
    if (std::string why; !link_.is_reachable(why)) return not_popped(request, why);
    if (!link_.is_interruptible()) wait = std::min(wait, blind_wait_max);
    const auto key = pop_key(request, wait);
    if (key.size() > key_size_max) return ack_and_pop(request);
    std::optional<Value> value;
    const auto answer = link_.get(key, wait, value);
    if (value) return {.lease = lease_of(*value, request), .settled = Settled::done};
    if (answer.reply == Reply::not_found) return {};
    if (link_.take_interrupt()) return interrupted(request);
    return not_popped(request, answer);
  }

  Settled ack(const Lease& lease) override {
    return settled(link_.remove(lease_key(lease, "ack")));
  }

  Settled release(const Lease& lease, Release release, Milliseconds delay) override {
    auto key = lease_key(lease, "nack");
    if (release == Release::uncounted)
      key += "/undo";
    else if (delay.count() > 0)
      key += "/d=" + std::to_string(delay.count());
    return settled(link_.remove(key));
  }

  Settled replace(const Lease& lease, const QueueName& queue, std::string_view body,
                  const PushOptions& options) override {
    return settled(link_.set(replace_key(lease, queue, options), body));
  }

  Settled dead(const Lease& lease) override {
    return settled(link_.remove(lease_key(lease, "dead")));
  }

  Settled extend(const Lease& lease, Milliseconds time) override {
    return settled(link_.touch(lease_key(lease, "lease"), rounded_up(time)));
  }

  Settled cancel(const QueueName& queue, const std::string& id) override {
    return settled(link_.remove(id_key(queue, id)));
  }

  std::uint64_t depth(const QueueName& queue) override {
    const auto wanted = "queue_" + queue.text() + "_ready";
    std::uint64_t ready = 0;
    stats("queue " + queue.text(), [&](std::string_view name, std::string_view text) {
      if (name == wanted) ready = parse_number(text).value_or(0);
    });
    return ready;
  }

  std::vector<QueueName> queues() override {
    constexpr std::string_view before = "queue_", behind = "_total_items";
    std::vector<QueueName> names;
    stats("queues", [&](std::string_view name, std::string_view) {
      if (!name.starts_with(before) || !name.ends_with(behind)) return;
      name.remove_prefix(before.size());
      name.remove_suffix(behind.size());
      if (auto queue = QueueName::parse(name)) names.push_back(std::move(*queue));
    });
    return names;
  }

  Capabilities capabilities() const override {
    return {.has_pause = true,
            .has_peek = true,
            .has_unique = true,
            .has_cancel = true,
            .has_exact_depth = true,
            .has_lease_extension = true};
  }

  void interrupt() noexcept override { link_.interrupt(); }

 private:
  [[noreturn]] void unreachable(const std::string& why) const {
    throw Error(
        ErrorText{.what = "cannot reach the queue server (" + why + ")",
                  .where = where_,
                  .hint = "Is it running? `daemonz status` tells, `daemonz start` starts it"});
  }

  void stats(const std::string& arguments,
             const std::function<void(std::string_view, std::string_view)>& each) {
    const auto answer = link_.stats(arguments, each);
    if (answer.reply != Reply::done && answer.reply != Reply::not_found) unreachable(answer.text);
  }

  /// Two round trips, where the queues' names leave no room for the ack beside them.
  Popped ack_and_pop(PopRequest request) {
    const auto settled = ack(*request.ack);
    if (settled != Settled::done) return {.lease = {}, .settled = settled};
    request.ack.reset();
    try {
      return pop(request);
    } catch (const Error&) {  // the next pop says so too; here the ack is what counts
      return {};
    }
  }

  [[nodiscard]] static Popped interrupted(const PopRequest& request) {
    return {.lease = {}, .settled = request.ack ? Settled::unknown : Settled::done};
  }

  Popped not_popped(const PopRequest& request, const std::string& why) const {
    if (!request.ack) unreachable(why);
    return {.lease = {}, .settled = Settled::unknown};  // the ack is what the caller must know of
  }

  Popped not_popped(const PopRequest& request, const Answer& answer) const {
    if (request.ack && answer.reply == Reply::server_error)
      return {.lease = {}, .settled = Settled::failed};
    if (answer.reply != Reply::client_error) return not_popped(request, answer.text);
    if (request.ack && answer.text.find("is gone") != std::string::npos)
      return {.lease = {}, .settled = Settled::gone};
    throw Error(
        ErrorText{.what = "the queue server refuses a pop: " + answer.text, .where = where_});
  }

  [[nodiscard]] Lease lease_of(Value& value, const PopRequest& request) const {
    auto queue = QueueName::parse(value.key);
    const auto& asked = request.queues;
    if (!queue || std::find(asked.begin(), asked.end(), *queue) == asked.end() || !value.delivery)
      throw Error(ErrorText{.what = "the server answered a pop with key \"" + value.key +
                                    "\" and id " + std::to_string(value.delivery),
                            .where = where_,
                            .hint = "Is it a daemonz-queue?"});
    return {.queue = std::move(*queue),
            .id = value.delivery,
            .body = std::move(value.body),
            .flags = value.flags};
  }

  const std::string where_;
  MemcacheLink link_;
};

}  // namespace

std::unique_ptr<Broker> connect_memcache(const Options& options) {
  return std::make_unique<Memcache>(options);
}

std::unique_ptr<Broker> connect(const Options& options) { return connect_memcache(options); }

}  // namespace daemonz::broker

// The input is a list of changes: 1 byte what, 1 byte which file, 2 bytes where (times 4), 1 byte
// how many, then that many bytes for those that write.
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "fuzz/targets.h"
#include "journal/journal.h"
#include "queue/open_store.h"
#include "support/faulty_disk.h"
#include "support/manual_clock.h"

namespace daemonz::fuzz {
namespace {

using tests::FaultyDisk;
using namespace std::chrono_literals;

std::unique_ptr<queue::Store> open(FaultyDisk& disk, journal::ByHand& by_hand, const Clock& clock) {
  return queue::open_store({.journal = {.folder = "/data",
                                        .segment_size = kibibytes(4),
                                        .memory = kibibytes(64),
                                        .disk = &disk,
                                        .by_hand = &by_hand},
                            .queues = {}},
                           clock);
}

/// A folder with some of everything, in several segments and two runs.
FaultyDisk::Image make_folder() {
  const tests::ManualClock clock;
  FaultyDisk disk;
  journal::ByHand by_hand;
  for (int run = 0; run < 2; ++run) {
    const auto store = open(disk, by_hand, clock);
    const QueueName mail("mail"), dead("mail.dead");
    const std::vector<QueueName> queues = {mail};
    const auto take = [&](queue::TakeRequest::Mode mode) {
      return store->take({.queues = queues, .mode = mode, .lease = 10s, .connection = 1});
    };
    for (int i = 0; i < 20; ++i) {
      queue::PutRequest request{.priority = Priority{static_cast<std::uint8_t>(i % 3)},
                                .delay = Milliseconds(i % 5 == 0 ? 500 : 0)};
      if (i % 4 == 0) request.id = queue::hash_key("token" + std::to_string(run * 100 + i));
      if (i % 7 == 0) request.unique = queue::hash_key("key" + std::to_string(run * 100 + i));
      (void)store->put(mail, std::string(static_cast<std::size_t>(20 + i * 17), 'a'), request);
      store->flush();
    }
    const std::vector<std::string_view> bodies = {"one", "two", "three"};
    (void)store->put_many(mail, bodies, {});
    if (const auto taken = take(queue::TakeRequest::Mode::lease))
      (void)store->acknowledge({mail, taken->delivery});
    if (const auto taken = take(queue::TakeRequest::Mode::open_lease))
      (void)store->touch({mail, taken->delivery}, 20s, 1);
    if (const auto taken = take(queue::TakeRequest::Mode::pop)) store->sent(taken->unsent);
    if (const auto taken = take(queue::TakeRequest::Mode::lease))
      (void)store->bury({mail, taken->delivery});
    if (const auto taken = take(queue::TakeRequest::Mode::lease))
      (void)store->put(dead, "a successor", {.acknowledges = {{mail, taken->delivery}}});
    (void)store->pause(QueueName("other"));
    store->flush();
    while (by_hand.commit()) {
    }
    if (run == 0) store->close();
  }
  return disk.as_written();
}

class Changes {
 public:
  explicit Changes(std::string_view input) : left_(input) {}
  [[nodiscard]] bool is_over() const { return left_.empty(); }
  unsigned byte() {
    if (left_.empty()) return 0;
    const auto value = static_cast<unsigned char>(left_.front());
    left_.remove_prefix(1);
    return value;
  }
  std::string_view bytes(std::size_t size) {
    const auto piece = left_.substr(0, size);
    left_.remove_prefix(piece.size());
    return piece;
  }
  /// A record was added that the journal takes for its own: no damage, but perhaps nonsense.
  bool has_forged = false;

 private:
  std::string_view left_;
};

/// Well sealed, whatever it says: the journal itself writes it.
void append_record(FaultyDisk::Image& image, unsigned type, std::string_view fields,
                   std::string_view body) {
  FaultyDisk disk(image);
  journal::ByHand by_hand;
  try {
    const auto log = journal::Journal::open({.folder = "/data",
                                             .segment_size = kibibytes(4),
                                             .memory = kibibytes(64),
                                             .disk = &disk,
                                             .by_hand = &by_hand},
                                            [](const auto&) {});
    (void)log->append(static_cast<journal::RecordType>(1 + type % 15), fields, body,
                      journal::Commit::asked, journal::Journal::Life::alive);
    log->flush();
    image = disk.as_written();
    disk.stop();
  } catch (const Error&) {  // damaged already: nothing to add to
  }
}

void change(FaultyDisk::Image& image, Changes& changes) {
  const auto what = changes.byte() % 8, which = changes.byte();
  const std::size_t where = (changes.byte() + changes.byte() * 256) * 4;
  const auto size = changes.byte();
  if (image.empty()) return;
  auto& file = *std::next(image.begin(), static_cast<std::ptrdiff_t>(which % image.size()));
  auto& bytes = file.second;
  const auto at = bytes.empty() ? 0 : where % bytes.size();
  switch (what) {
    case 0:
      bytes.replace(at, std::min<std::size_t>(size, bytes.size() - at), changes.bytes(size));
      return;
    case 1: bytes.resize(at); return;
    case 2: bytes.append(size * 8, '\0'); return;
    case 3: image.erase(std::string(file.first)); return;
    case 4:
      std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(at),
                  std::min<std::size_t>(size * 8, bytes.size() - at), '\0');
      return;
    case 5: image["/data/" + std::string(changes.bytes(18))] = bytes; return;
    default: break;
  }
  changes.has_forged = true;
  const auto fields = changes.bytes(std::min(size, 200u));
  append_record(image, which, fields, changes.bytes(size % 16));
}

/// What is there is handed out, and all of it can be read.
std::size_t drain(queue::Store& store) {
  std::size_t count = 0;
  for (const auto& figures : store.figures()) {
    const auto name = QueueName::parse(figures.name);
    if (!name) continue;
    (void)store.resume(*name);
    const std::vector<QueueName> queues = {*name};
    while (const auto taken = store.take({.queues = queues})) {
      store.sent(taken->unsent);
      if (++count % 16 == 0) store.flush();
    }
    if (store.ready_count(figures.name) > 0 && !store.is_failed())
      broken("what is ready can be taken", figures.name);
  }
  store.flush();
  return count;
}

}  // namespace

void recover(std::string_view input) {
  static const auto folder = make_folder();
  auto image = folder;
  Changes changes(input);
  while (!changes.is_over()) change(image, changes);
  const tests::ManualClock clock;
  journal::ByHand by_hand;
  FaultyDisk disk(image);
  std::optional<FaultyDisk::Image> drained;
  try {
    const auto store = open(disk, by_hand, clock);
    drain(*store);
    if (store->is_failed()) return;  // a body that recovery does not read is damaged
    drained = disk.as_written();
    disk.stop();
  } catch (const Error&) {
    // The promise is for damage, which is found before anything is touched.
    if (!changes.has_forged && disk.as_written() != image)
      broken("a start refused for damage changes nothing", "");
    return;
  }
  FaultyDisk again(*drained);
  try {
    const auto store = open(again, by_hand, clock);
    if (drain(*store) > 0) broken("what was taken does not come again", "");
    again.stop();
  } catch (const Error& problem) {
    broken("what was opened and drained opens again", problem.what());
  }
}

}  // namespace daemonz::fuzz

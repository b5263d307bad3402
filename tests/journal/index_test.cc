#include <random>

#include "journal/fixture.h"
#include "journal/index.h"

using namespace daemonz;
using namespace daemonz::tests;

namespace {

/// A log in small segments whose background work happens when the test says so.
class SmallLog {
 public:
  explicit SmallLog(FaultyDisk& disk, Bytes verified_at_start = mebibytes(64)) {
    std::vector<std::pair<journal::Locator, std::size_t>> places;
    journal_ =
        Journal::open({.folder = folder,
                       .segment_size = kibibytes(4),
                       .memory = kibibytes(64),
                       .verified_at_start = verified_at_start,
                       .disk = &disk,
                       .by_hand = &by_hand_},
                      [&](const journal::Replayed& record) {
                        if (record.type != note) return;
                        replayed.emplace_back(record.fields);
                        places.emplace_back(record.at, record.fields.size() + record.body_size);
                      });
    for (const auto& [at, payload] : places) journal_->retain(at, payload);
    journal_->end_recovery();
  }
  void add(const std::string& text) {
    REQUIRE(journal_->append(note, text, std::string(text.size() * 7 % 90, 'b'), Commit::asked,
                             Journal::Life::alive));
  }
  void store(const std::string& text) {
    add(text);
    journal_->flush();
    commit();
  }
  void commit() {
    while (by_hand_.commit()) {
    }
  }
  void make_spare() { by_hand_.make_spare(); }
  bool verify() { return by_hand_.verify(); }
  Journal& log() { return *journal_; }

  std::vector<std::string> replayed;

 private:
  journal::ByHand by_hand_;
  std::unique_ptr<Journal> journal_;
};

std::string text_of(std::size_t number) { return "note " + std::to_string(number); }

std::vector<std::string> numbered(std::size_t count) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < count; ++i) texts.push_back(text_of(i));
  return texts;
}

std::string segment(std::uint32_t number) { return journal::segment_path(folder, number); }

FaultyDisk::Image three_segments() {
  FaultyDisk disk;
  {
    SmallLog log(disk);
    for (std::size_t i = 0; !disk.as_written().contains(segment(3)); ++i) log.store(text_of(i));
    log.store("the end");
  }
  return disk.as_written();
}

std::vector<std::string> replay(const FaultyDisk::Image& image) {
  FaultyDisk disk(image);
  return SmallLog(disk).replayed;
}

/// Where the index of a sealed file begins: its trailer says so.
std::size_t index_begin(const std::string& bytes) {
  std::uint32_t words = 0;
  std::memcpy(&words, bytes.data() + bytes.size() - 8, sizeof words);
  return std::size_t{words} * 8;
}

std::string start_error(const FaultyDisk::Image& image, Bytes verified_at_start) {
  FaultyDisk disk(image);
  try {
    SmallLog log(disk, verified_at_start);
    return "";
  } catch (const Error& problem) {
    CHECK(disk.as_written() == image);
    return problem.what();
  }
}

}  // namespace

TEST_CASE("index: what is put in comes out, whatever is common to neighbours") {
  std::mt19937_64 random(seed());
  struct Entry {
    journal::RecordType type;
    std::string fields;
    std::uint32_t body_size;
  };
  std::vector<Entry> entries;
  journal::IndexBuilder builder;
  for (int i = 0; i < 3000; ++i) {
    std::string fields(random() % 300, 'x');
    for (auto& byte : fields)
      if (random() % 50 == 0) byte = static_cast<char>(random());
    entries.push_back({static_cast<journal::RecordType>(random() % 4 * 80), fields,
                       static_cast<std::uint32_t>(random() % 3 == 0 ? random() % (64u << 20) : 7)});
    const auto room = builder.room_with(fields.size());
    builder.add({entries.back().type, fields, entries.back().body_size});
    CHECK(room >= journal::record_size(builder.bytes().size()) + 8);
  }
  CHECK(builder.count() == entries.size());
  journal::IndexReader reader(builder.bytes());
  for (const auto& entry : entries) {
    const auto found = reader.next();
    REQUIRE(found);
    CHECK(found->type == entry.type);
    CHECK(found->fields == entry.fields);
    CHECK(found->body_size == entry.body_size);
  }
  CHECK_FALSE(reader.next());
}

TEST_CASE("index: bytes that no builder wrote end it, and nothing else happens") {
  std::mt19937_64 random(seed());
  for (int round = 0; round < 2000; ++round) {
    std::string bytes(random() % 200, '\0');
    for (auto& byte : bytes) byte = static_cast<char>(random() % (round % 2 == 0 ? 256 : 8));
    journal::IndexReader reader(bytes);
    std::size_t count = 0;
    while (reader.next()) ++count;
    CHECK(count <= bytes.size() / 2);
  }
}

TEST_CASE("journal: full segments and a cleanly closed one are sealed; a start reads no bodies") {
  const auto image = three_segments();
  for (const auto number : {1u, 2u, 3u}) CHECK(image.at(segment(number)).ends_with("dzIX"));
  const auto whole = replay(image);
  REQUIRE(whole.size() > 60);
  CHECK(whole.back() == "the end");
  auto blank = image;  // with every record away, the indexes alone tell the same
  for (const auto number : {1u, 2u, 3u}) {
    auto& bytes = blank.at(segment(number));
    std::fill(bytes.begin() + 32, bytes.begin() + static_cast<std::ptrdiff_t>(index_begin(bytes)),
              '\0');
  }
  FaultyDisk disk(blank);
  CHECK(SmallLog(disk, Bytes(0)).replayed == whole);
  CHECK(start_error(blank, mebibytes(64)).find("damaged at offset 32") != std::string::npos);
}

TEST_CASE("journal: damage in a sealed segment stops the start, within what is verified there") {
  auto image = three_segments();
  auto& bytes = image.at(segment(1));
  bytes[index_begin(bytes) - 20] ^= 0x10;
  const auto said = start_error(image, mebibytes(64));
  CHECK(said.find("0000000001.segment") != std::string::npos);
  CHECK(said.find("the log is damaged at offset") != std::string::npos);
  CHECK(start_error(image, kibibytes(4)).empty());  // the newest ones only
}

TEST_CASE("journal: damage found while it serves makes it read-only, and says where") {
  auto image = three_segments();
  auto& bytes = image.at(segment(2));
  bytes[index_begin(bytes) - 20] ^= 0x10;
  FaultyDisk disk(image);
  SmallLog log(disk, Bytes(0));
  CHECK(log.verify());  // the first segment is good
  CHECK_FALSE(log.log().is_failed());
  while (log.verify()) {
  }
  CHECK(log.log().is_failed());
  CHECK(log.log().failure().find("0000000002.segment: the log is damaged at offset") !=
        std::string::npos);
  CHECK_FALSE(log.log().append(note, "refused", "", Commit::asked, Journal::Life::alive));
}

TEST_CASE("journal: what the start left unverified is verified by a thread") {
  auto image = three_segments();
  auto& bytes = image.at(segment(3));
  bytes[index_begin(bytes) - 4] ^= 0x10;
  FaultyDisk disk(image);
  std::mutex mutex;
  std::condition_variable failed;
  std::unique_ptr<Journal> log;
  log = Journal::open({.folder = folder,
                       .segment_size = kibibytes(4),
                       .memory = kibibytes(64),
                       .verified_at_start = Bytes(0),
                       .disk = &disk,
                       .on_commit =
                           [&] {
                             const std::lock_guard lock(mutex);
                             failed.notify_all();
                           }},
                      [](const auto&) {});
  {
    std::unique_lock lock(mutex);
    CHECK(failed.wait_for(lock, std::chrono::seconds(10), [&] { return log->is_failed(); }));
  }
  CHECK(log->failure().find("0000000003.segment: the log is damaged") != std::string::npos);
  CHECK_THROWS_AS(log->close(), Error);
}

TEST_CASE("journal: a torn index costs nothing but time, at every byte") {
  const auto image = three_segments();
  const auto whole = replay(image);
  for (const auto number : {1u, 2u, 3u}) {
    const auto& good = image.at(segment(number));
    for (auto at = index_begin(good); at < good.size(); ++at) {
      CAPTURE(number);
      CAPTURE(at);
      auto cut = image, altered = image, longer = image;
      cut.at(segment(number)).resize(at);
      CHECK(replay(cut) == whole);
      altered.at(segment(number))[at] ^= 0x40;
      CHECK(replay(altered) == whole);
      longer.at(segment(number)).append(at, '\0');  // the file was not cut behind it
      CHECK(replay(longer) == whole);
    }
  }
}

TEST_CASE("journal: a log whose end is cut by any number of bytes starts with what is before") {
  const auto image = three_segments();
  const auto whole = replay(image);
  const auto size = image.at(segment(3)).size();
  REQUIRE(size > 150);
  for (std::size_t cut = 1; cut < size; ++cut) {
    CAPTURE(cut);
    auto torn = image;
    torn.at(segment(3)).resize(size - cut);
    const auto found = replay(torn);
    REQUIRE(found.size() <= whole.size());
    CHECK(std::equal(found.begin(), found.end(), whole.begin()));
    CHECK(found.size() + (cut + 28) / 29 >= whole.size());  // no record is shorter
  }
}

TEST_CASE("journal: runs, kills and power cuts on one store: nothing durable is lost or doubled") {
  std::mt19937_64 random(seed());
  for (int round = 0; round < 100; ++round) {
    CAPTURE(round);
    FaultyDisk::Image image;
    std::size_t written = 0;
    for (int run = 0; run < 6; ++run) {
      CAPTURE(run);
      FaultyDisk disk(image);
      std::size_t durable = 0;
      const bool closes = random() % 4 == 0;
      const auto commit_every = 1 + random() % 60;
      {
        SmallLog log(disk);
        REQUIRE(log.replayed.size() >= written);  // `written`: what had to be there
        CHECK(log.replayed == numbered(log.replayed.size()));
        auto next = log.replayed.size();
        for (auto steps = random() % 150; steps > 0; --steps) {
          if (random() % 4 != 0) log.add(text_of(next++));
          if (random() % 3 == 0) log.log().flush();
          if (random() % commit_every == 0) log.commit();
          if (random() % 9 == 0) log.make_spare();
        }
        log.log().flush();
        const auto behind = log.log().appended() - log.log().durable();
        durable = next - std::min<std::size_t>(next, behind);
        image = random() % 2 == 0 ? disk.as_written() : disk.after_power_cut(random);
        if (closes) durable = next;
      }
      if (closes) image = disk.as_written();
      written = durable;
    }
  }
}

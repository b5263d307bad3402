#include <random>

#include "journal/fixture.h"
#include "journal/memory_disk.h"
#include "support/temp_dir.h"

using namespace daemonz;
using namespace daemonz::tests;

namespace {

/// A log on a faulty disk, in verbs.
class Log {
 public:
  explicit Log(FaultyDisk& disk, Bytes segment_size = kibibytes(64))
      : disk_(disk), segment_size_(segment_size) {
    open();
  }

  void open() {
    records.clear();
    places.clear();
    journal = Journal::open({.folder = folder,
                             .segment_size = segment_size_,
                             .memory = kibibytes(256),
                             .disk = &disk_,
                             .on_commit = [this] { signal(); }},
                            [this](const journal::Replayed& record) {
                              if (record.type == note) places.push_back(record.at);
                            });
    std::string scratch;
    for (const auto at : places) records.emplace_back(journal->read(at, scratch)->body);
  }
  std::optional<journal::Locator> add(std::string_view text, Commit commit = Commit::asked) {
    return journal->append(note, "", text, commit, Journal::Life::alive);
  }
  /// Adds, writes and waits until it is durable.
  std::optional<journal::Locator> store(std::string_view text) {
    const auto at = add(text);
    journal->flush();
    await_durable();
    return at;
  }
  void await_durable() {
    std::unique_lock lock(mutex_);
    const bool came = committed_.wait_for(lock, std::chrono::seconds(10), [this] {
      return journal->durable() >= journal->appended() || journal->is_failed();
    });
    REQUIRE(came);
  }
  bool fails_within(std::chrono::seconds limit) {
    std::unique_lock lock(mutex_);
    return committed_.wait_for(lock, limit, [this] { return journal->is_failed(); });
  }

 private:
  void signal() {
    const std::lock_guard lock(mutex_);
    committed_.notify_all();
  }
  FaultyDisk& disk_;
  Bytes segment_size_;
  std::mutex mutex_;
  std::condition_variable committed_;

 public:
  std::vector<std::string> records;  ///< of the replayed records, as read from their places
  std::vector<journal::Locator> places;
  std::unique_ptr<Journal> journal;  ///< last: its thread calls signal()
};

std::vector<std::string> replay(const FaultyDisk::Image& image) {
  FaultyDisk disk(image);
  return Log(disk).records;
}

std::string first_segment() { return journal::segment_path(folder, 1); }

std::vector<std::string> numbered(std::size_t count) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < count; ++i) texts.push_back("note " + std::to_string(i));
  return texts;
}

}  // namespace

TEST_CASE("journal: what was appended is replayed in order after a clean close") {
  FaultyDisk disk;
  {
    Log log(disk);
    for (const auto& text : numbered(1000)) REQUIRE(log.add(text));
  }
  CHECK(replay(disk.as_written()) == numbered(1000));
}

TEST_CASE("journal: a record is read back by its locator, from memory and from the disk") {
  FaultyDisk disk;
  std::vector<journal::Locator> places;
  const std::string large(300'000, 'L');  // larger than the memory, and than a segment
  {
    Log log(disk);
    for (const auto& text : numbered(5000)) places.push_back(*log.store(text));
    places.push_back(*log.add(large));
    places.push_back(*log.add("after the large one"));
    std::string scratch;
    CHECK(log.journal->read(places[0], scratch)->body == "note 0");  // long out of memory
    CHECK(log.journal->read(places[4999], scratch)->body == "note 4999");
    log.journal->flush();
    CHECK(log.journal->read(places[5000], scratch)->body == large);
    CHECK(log.journal->read(places[5001], scratch)->body == "after the large one");
  }
  Log again(disk);
  CHECK(again.places == places);
  std::string scratch;
  CHECK(again.journal->read(places[2500], scratch)->body == "note 2500");
  CHECK(again.journal->read(places[2500], scratch)->header.sequence == 2501);
}

TEST_CASE("journal: a torn last record is dropped and reported, at every byte") {
  FaultyDisk disk;
  FaultyDisk::Image image;
  std::uint64_t begin = 0, end = 0;
  {
    Log log(disk);
    log.store("kept");
    begin = log.add("the last one, torn")->offset();
    log.journal->flush();
    end = begin + journal::record_size(18);
    image = disk.as_written();
  }
  for (auto cut = begin; cut < end; ++cut) {
    CAPTURE(cut);
    auto torn = image;
    auto& bytes = torn.at(first_segment());
    std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(cut), bytes.end(), '\0');
    if (bytes == image.at(first_segment())) continue;  // only padding was cut
    FaultyDisk torn_disk(torn);
    Log log(torn_disk);
    CHECK(log.records == std::vector<std::string>{"kept"});
    CHECK((log.journal->recovery().cut_bytes > 0) == (cut > begin));
    log.store("new");
    log.journal->close();
    CHECK(replay(torn_disk.as_written()) == std::vector<std::string>{"kept", "new"});
    torn.at(first_segment()).resize(cut);  // the same with a file that ends there
    CHECK(replay(torn) == std::vector<std::string>{"kept"});
  }
}

TEST_CASE("journal: a flipped byte before the tail stops the start, with every file untouched") {
  FaultyDisk disk;
  journal::Locator damaged;
  {
    Log log(disk);
    for (const auto& text : numbered(20)) {
      const auto at = log.store(text);
      if (text == "note 7") damaged = *at;
    }
  }
  for (std::size_t byte = 0; byte < journal::record_header_size + 6; ++byte) {
    CAPTURE(byte);
    auto image = disk.as_written();
    image.at(first_segment())[damaged.offset() + byte] ^= 0x20;
    FaultyDisk broken(image);
    std::string said;
    try {
      Log log(broken);
    } catch (const Error& problem) {
      said = problem.what();
    }
    CHECK(said.find("0000000001.segment") != std::string::npos);
    CHECK(said.find("offset " + std::to_string(damaged.offset())) != std::string::npos);
    CHECK(said.find("Restore the data folder") != std::string::npos);
    CHECK(broken.as_written() == image);
  }
}

TEST_CASE("journal: a missing or cut segment before the last one stops the start") {
  FaultyDisk disk;
  {
    Log log(disk);
    const std::string text(8000, 'x');
    for (int i = 0; i < 30; ++i) log.store(text);
    REQUIRE(log.journal->figures().segments > 2);
  }
  auto missing = disk.as_written();
  missing.erase(journal::segment_path(folder, 2));
  CHECK_THROWS_AS(replay(missing), Error);
  auto cut = disk.as_written();
  cut.at(first_segment()).resize(9000);
  CHECK_THROWS_AS(replay(cut), Error);
}

TEST_CASE(
    "journal: after a power cut everything durable is there, and nothing in between is lost") {
  std::mt19937_64 random(seed());
  for (int round = 0; round < 60; ++round) {
    CAPTURE(round);
    FaultyDisk disk;
    FaultyDisk::Image image;
    std::size_t durable = 0, appended = 0;
    {
      Log log(disk);
      const auto texts = numbered(40);
      durable = random() % 40;
      for (; appended < durable; ++appended) log.store(texts[appended]);
      disk.hold_syncs();
      for (const auto more = random() % (41 - durable); appended < durable + more; ++appended) {
        log.add(texts[appended]);
        if (random() % 2 == 0) log.journal->flush();
      }
      log.journal->flush();
      image = disk.after_power_cut(random);
      disk.resume_syncs();
    }
    const auto found = replay(image);
    REQUIRE(found.size() >= durable);
    REQUIRE(found.size() <= appended);
    CHECK(std::ranges::equal(found, numbered(found.size())));
  }
}

TEST_CASE("journal: STORED needs a sync: durable() stays behind while the disk holds it back") {
  FaultyDisk disk;
  Log log(disk);
  log.store("first");
  const auto before = log.journal->durable();
  disk.hold_syncs();
  log.add("second");
  log.journal->flush();
  CHECK(log.journal->durable() == before);
  disk.resume_syncs();
  log.await_durable();
  CHECK(log.journal->durable() == before + 1);
}

TEST_CASE("journal: a record that rides is synced within its time, though nobody asks") {
  FaultyDisk disk;
  Log log(disk);
  log.add("rides", Commit::rides);
  log.journal->flush();
  log.await_durable();
  CHECK(log.journal->durable() == log.journal->appended());
}

TEST_CASE("journal: a failed sync makes it read-only at once, and nothing becomes durable again") {
  FaultyDisk disk;
  Log log(disk);
  const auto kept = *log.store("kept");
  const auto durable = log.journal->durable();
  disk.fail_syncs(EIO);
  log.add("lost");
  log.journal->flush();
  REQUIRE(log.fails_within(std::chrono::seconds(10)));
  disk.fail_syncs(0);  // the kernel forgets the fault and the page: a retry would lie
  CHECK_FALSE(log.add("refused"));
  CHECK_FALSE(log.journal->make_room(10));
  CHECK(log.journal->durable() == durable);
  CHECK(log.journal->failure().find("Input/output error") != std::string::npos);
  std::string scratch;
  CHECK(log.journal->read(kept, scratch)->body == "kept");
  CHECK_THROWS_AS(log.journal->close(), Error);
}

TEST_CASE("journal: a short or failed write makes it read-only at once") {
  FaultyDisk disk;
  FaultyDisk::Image image;
  {
    Log log(disk);
    log.store("kept");
    disk.fail_writes(EIO);
    log.add("half of it gets to the disk");
    log.journal->flush();
    CHECK(log.journal->is_failed());
    CHECK_FALSE(log.add("refused"));
    image = disk.as_written();
  }
  CHECK(replay(image) == std::vector<std::string>{"kept"});
}

TEST_CASE("journal: a full disk refuses puts, keeps space for all acknowledgements, and recovers") {
  FaultyDisk disk;
  disk.limit_space(2 << 20);
  Log log(disk);
  const std::string text(100, 'x');
  std::vector<journal::Locator> places;
  while (log.journal->make_room(text.size())) places.push_back(*log.store(text));
  REQUIRE(places.size() > 5000);
  std::mt19937_64 random(seed());
  std::ranges::shuffle(places, random);
  for (const auto at : places) {
    REQUIRE(log.journal->append(note + 1, "12345678", "", Commit::asked, Journal::Life::passing));
    log.journal->release(at, text.size());
  }
  CHECK(log.journal->figures().live_bytes == 0);
  log.journal->flush();
  log.await_durable();
  CHECK_FALSE(log.journal->is_failed());
  disk.limit_space(4 << 20);
  CHECK(log.journal->make_room(text.size()));
  CHECK(log.store(text));
}

TEST_CASE("journal: a folder without space is refused at the start") {
  FaultyDisk disk;
  disk.limit_space(1000);
  CHECK_THROWS_WITH_AS(Log{disk}, doctest::Contains("No space left"), Error);
}

TEST_CASE("journal: segments without live records go, the oldest first, once that is durable") {
  FaultyDisk disk;
  Log log(disk);
  std::vector<journal::Locator> places;
  const std::string text(4000, 'x');
  for (int i = 0; i < 100; ++i) places.push_back(*log.store(text));
  REQUIRE(log.journal->figures().segments > 4);
  disk.hold_syncs();
  for (const auto at : places) log.journal->release(at, text.size());
  log.add("an acknowledgement");
  log.journal->flush();
  CHECK(log.journal->figures().segments == 1);
  CHECK(disk.as_written().contains(first_segment()));  // the acknowledgement is not durable yet
  disk.resume_syncs();
  log.await_durable();
  log.journal->close();
  CHECK_FALSE(disk.as_written().contains(first_segment()));
}

TEST_CASE("journal: a second process on the same folder is named the first one's pid") {
  const TempDir dir;
  const auto open = [&] {
    return Journal::open({.folder = dir / "data"}, [](const journal::Replayed&) {});
  };
  const auto first = open();
  CHECK_THROWS_WITH_AS(open(), doctest::Contains(("pid " + std::to_string(::getpid())).c_str()),
                       Error);
}

TEST_CASE("journal: on the real disk, appended records survive, and large ones too") {
  const TempDir dir;
  std::vector<journal::Locator> found;
  const auto open = [&] {
    found.clear();
    return Journal::open({.folder = dir / "data", .segment_size = kibibytes(256)},
                         [&](const journal::Replayed& record) {
                           if (record.type == note) found.push_back(record.at);
                         });
  };
  const std::string large(3 << 20, 'L');
  {
    const auto journal = open();
    for (const auto& text : numbered(2000))
      journal->append(note, "", text, Commit::rides, Journal::Life::alive);
    journal->append(note, "", large, Commit::asked, Journal::Life::alive);
    journal->flush();
  }
  const auto journal = open();
  REQUIRE(found.size() == 2001);
  std::string scratch;
  CHECK(journal->read(found.back(), scratch)->body == large);
  CHECK(journal->read(found.front(), scratch)->body == "note 0");
}

// Starts that die in the middle, and what a power cut leaves of segments that hold nothing.
#include "journal/fixture.h"

using namespace daemonz;
using namespace daemonz::tests;

namespace {

std::unique_ptr<Journal> open(
    FaultyDisk& disk, journal::ByHand& by_hand,
    const Journal::Replay& replay = [](const auto&) {}) {
  return Journal::open({.folder = folder,
                        .segment_size = kibibytes(8),
                        .memory = kibibytes(64),
                        .disk = &disk,
                        .by_hand = &by_hand},
                       replay);
}

void store(Journal& journal, journal::ByHand& by_hand, std::string_view text) {
  REQUIRE(journal.append(5, "", text, Commit::asked, Journal::Life::alive));
  journal.flush();
  while (by_hand.commit()) {
  }
  REQUIRE(journal.durable() == journal.appended());
}

}  // namespace

TEST_CASE("journal: no segment number is given twice, at whatever step a start dies") {
  journal::ByHand by_hand;
  FaultyDisk::Image image;
  {
    FaultyDisk disk;
    auto log = open(disk, by_hand);
    store(*log, by_hand, "a record");
    image = disk.as_written();
    disk.stop();
  }
  // A second run began its segment, and gave away numbers that build on it; nothing was synced.
  image[journal::segment_path(folder, 2)] = std::string(8'192, '\0');
  for (std::uint64_t steps = 1; steps < 30; ++steps) {
    CAPTURE(steps);
    auto disk = std::make_unique<FaultyDisk>(image);
    disk->stop_after(steps);
    try {
      const auto log = open(*disk, by_hand);
    } catch (const Error&) {  // it died
    }
    disk->stop();
    auto next = disk->after_process_crash(steps);
    const auto log = open(*next, by_hand);
    CHECK(log->current_segment() > 2);
  }
}

TEST_CASE("journal: an empty segment behind which the log went on is no damage after a power cut") {
  std::mt19937_64 random(seed());
  for (int round = 0; round < 40; ++round) {
    CAPTURE(round);
    journal::ByHand by_hand;
    FaultyDisk disk;
    FaultyDisk::Image image;
    {
      auto log = open(disk, by_hand);
      store(*log, by_hand, std::string(20'000, 'x'));  // gets a segment of its own
      image = disk.after_power_cut(random);
      disk.stop();
    }
    FaultyDisk after(image);
    std::size_t records = 0;
    const auto log = open(after, by_hand, [&](const auto& record) { records += record.type == 5; });
    CHECK(records == 1);
  }
}

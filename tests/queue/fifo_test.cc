#include "queue/fifo.h"

#include <doctest/doctest.h>

#include <deque>
#include <random>
#include <vector>

#include "journal/record.h"
#include "support/seed.h"

using namespace daemonz;
using journal::Locator;
using LocatorFifo = queue::Fifo<Locator>;
using End = LocatorFifo::End;

namespace {

constexpr std::uint64_t plenty = 1'000'000;

std::vector<Locator> in_segment(LocatorFifo& fifo, std::uint32_t segment) {
  std::vector<Locator> found;
  auto chunks = plenty;
  CHECK(fifo.visit_segment(segment, chunks, [&](Locator& at) {
    found.push_back(at);
    return true;
  }));
  return found;
}

}  // namespace

TEST_CASE("fifo: both ends agree with a plain deque, whatever is pushed, popped and moved") {
  std::mt19937_64 random(tests::seed());
  LocatorFifo fifo;
  std::deque<Locator> model;
  std::uint32_t oldest = 1, newest = 1, words = 0;
  const auto move_oldest = [&](Locator& at) {
    if (at.segment < oldest) return true;
    auto& same = *std::ranges::find(model, at);
    at = same = {newest, ++words};
    return random() % 50 != 0;
  };
  for (int step = 0; step < 60'000; ++step) {
    const auto choice = random() % 100;
    if (choice < 40) {
      const auto end = random() % 4 == 0 ? End::head : End::tail;
      const Locator at{oldest + static_cast<std::uint32_t>(random() % (newest - oldest + 1)),
                       ++words};
      fifo.push(at, end);
      end == End::head ? model.push_front(at) : model.push_back(at);
    } else if (choice < 75) {
      if (!model.empty()) fifo.pop_front();
      if (!model.empty()) model.pop_front();
    } else if (choice == 75) {
      ++newest;
    } else if (choice < 90 && oldest < newest) {
      auto chunks = random() % 4;
      if (fifo.visit_segment(oldest, chunks, move_oldest)) {
        CHECK(std::ranges::none_of(model, [&](Locator at) { return at.segment <= oldest; }));
        if (random() % 8 == 0) ++oldest;
      }
    }
    REQUIRE(fifo.is_empty() == model.empty());
    if (!model.empty()) REQUIRE(fifo.front() == model.front());
  }
  std::deque<Locator> rest;
  fifo.for_each([&](Locator at) { rest.push_back(at); });
  CHECK(rest == model);
}

TEST_CASE("fifo: what stands in a segment is found, wherever it stands and whenever it came") {
  LocatorFifo fifo;
  for (std::uint32_t i = 1; i <= 2000; ++i) fifo.push({i % 7 == 0 ? 1u : 2u, i}, End::tail);
  CHECK(in_segment(fifo, 1).size() == 2000 / 7);
  fifo.push({1, 5000}, End::head);
  CHECK(in_segment(fifo, 1).front() == Locator{1, 5000});
  fifo.push({1, 6000}, End::tail);
  CHECK(in_segment(fifo, 1).back() == Locator{1, 6000});
  CHECK(fifo.front() == Locator{1, 5000});
}

TEST_CASE("fifo: chunks without the segment are looked at once") {
  LocatorFifo fifo;
  for (std::uint32_t i = 1; i <= 100'000; ++i) fifo.push({2, i}, End::tail);
  auto chunks = plenty;
  CHECK(fifo.visit_segment(1, chunks, [](Locator&) { return true; }));
  CHECK(chunks < plenty - 100);
  const auto before = chunks;
  CHECK(fifo.visit_segment(1, chunks, [](Locator&) { return true; }));
  CHECK(chunks == before);
}

TEST_CASE("fifo: emptied slots are passed over, and a fifo of such is empty") {
  LocatorFifo fifo;
  for (std::uint32_t i = 1; i <= 1000; ++i) fifo.push({1, i}, End::tail);
  fifo.push({2, 1}, End::tail);
  auto chunks = plenty;
  fifo.visit_segment(1, chunks, [](Locator& at) { return at = {}, true; });
  CHECK(fifo.front() == Locator{2, 1});
  fifo.pop_front();
  CHECK(fifo.is_empty());
  fifo.push({3, 1}, End::head);
  CHECK(fifo.front() == Locator{3, 1});
}

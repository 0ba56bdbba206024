// The address book and a naive model of it agree, whatever is done to them in whatever order. A
// case that fails prints its seed and step; PEERAGE_SEED=n runs that one.
#include <chrono>
#include <cstdlib>
#include <random>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/book_pair.h"
#include "tests/support/effort.h"

namespace peerage::test {
namespace {

constexpr std::uint64_t kStepsEach = 4'000;
// Of four parts; the whole are 1.2 million operations.
const auto kSeedsEach = test::by_effort<std::uint64_t>({.whole = 75, .usual = 25, .sanitized = 6});

class Drawn : public Choices {
 public:
  explicit Drawn(std::uint64_t seed) : random_(seed) {}
  std::size_t below(std::size_t bound) override {
    return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random_);
  }

 private:
  std::mt19937_64 random_;
};

class AddressBookModel : public testing::TestWithParam<std::uint64_t> {};

TEST_P(AddressBookModel, AgreesWithTheBookWhateverIsDone) {
  std::uint64_t first = GetParam() * kSeedsEach, last = first + kSeedsEach;
  const char* chosen = std::getenv("PEERAGE_SEED");
  if (chosen) {
    first = std::strtoull(chosen, nullptr, 10);
    last = first + 1;
  }
  BookPair::Seen all;
  for (std::uint64_t seed = first; seed < last; ++seed) {
    std::uint64_t step = 0;
    Drawn drawn(seed);
    BookPair pair(drawn);
    try {
      for (; step < kStepsEach; ++step) {
        pair.step();
        if (chosen || step % 16 == 0) pair.compare();
      }
    } catch (const Disagreement& what) {
      FAIL() << what.what() << "\nPEERAGE_SEED=" << seed << ", step " << step;
    }
    all.added += pair.seen().added;
    all.gave_way += pair.seen().gave_way;
    all.contested += pair.seen().contested;
    all.restarts += pair.seen().restarts;
  }
  if (chosen) return;
  EXPECT_GT(all.added, 50 * kSeedsEach) << "little happened";
  EXPECT_GT(all.gave_way, 5 * kSeedsEach) << "little happened";
  EXPECT_GT(all.contested, 2 * kSeedsEach) << "little happened";
  EXPECT_GT(all.restarts, 2 * kSeedsEach) << "little happened";
}

INSTANTIATE_TEST_SUITE_P(Quarters, AddressBookModel, testing::Range<std::uint64_t>(0, 4));

}  // namespace
}  // namespace peerage::test

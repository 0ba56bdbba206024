#include "addrbook/book/index_table.h"

#include <algorithm>
#include <random>
#include <unordered_map>
#include <vector>

#include <gtest/gtest.h>

namespace peerage::addrbook {
namespace {

std::vector<IndexTable::Index> all_of(const IndexTable& table, std::size_t hash) {
  std::vector<IndexTable::Index> found;
  table.for_each(hash, [&](IndexTable::Index index) { found.push_back(index); });
  std::sort(found.begin(), found.end());
  return found;
}

TEST(IndexTable, AnEmptyOneHasNothing) {
  const IndexTable table;
  EXPECT_EQ(table.size(), 0u);
  EXPECT_TRUE(all_of(table, 7).empty());
}

TEST(IndexTable, FindsTheOneThatIsAskedFor) {
  IndexTable table;
  table.insert(5, 1);
  table.insert(5, 2);
  table.insert(6, 3);
  EXPECT_EQ(table.find(5, [](IndexTable::Index each) { return each == 2; }), 2u);
  EXPECT_FALSE(table.find(5, [](IndexTable::Index each) { return each == 3; }));
  EXPECT_EQ(all_of(table, 5), (std::vector<IndexTable::Index>{1, 2}));
}

TEST(IndexTable, IsEmptyOnceCleared) {
  IndexTable table;
  for (IndexTable::Index i = 0; i < 100; ++i) table.insert(i, i);
  table.clear();
  EXPECT_EQ(table.size(), 0u);
  EXPECT_TRUE(all_of(table, 50).empty());
  table.insert(50, 1);
  EXPECT_EQ(all_of(table, 50).size(), 1u);
}

// Hashes that lie close together and wrap around, so that runs of different keys grow together
// and removals have to move what stands behind them.
class IndexTableModelTest : public testing::TestWithParam<unsigned> {};

TEST_P(IndexTableModelTest, HoldsWhatAPlainMultimapHolds) {
  std::mt19937 random(GetParam());
  IndexTable table;
  std::unordered_multimap<std::size_t, IndexTable::Index> model;
  const auto some_hash = [&random]() -> std::size_t {
    return (random() % 2 == 0 ? 0xfffffff0U : 0U) + random() % 16;
  };
  IndexTable::Index next = 0;
  for (int step = 0; step < 4000; ++step) {
    const std::size_t hash = some_hash();
    const bool grows = random() % 100 < (step / 500 % 2 == 0 ? 70U : 30U);
    if (grows) {
      table.insert(hash, next);
      model.emplace(hash, next++);
    } else if (const auto victim = model.find(hash); victim != model.end()) {
      table.remove(hash, victim->second);
      model.erase(victim);
    }
    ASSERT_EQ(table.size(), model.size());
    const std::size_t asked = some_hash();
    std::vector<IndexTable::Index> expected;
    const auto [begin, end] = model.equal_range(asked);
    for (auto it = begin; it != end; ++it) expected.push_back(it->second);
    std::sort(expected.begin(), expected.end());
    ASSERT_EQ(all_of(table, asked), expected) << "after step " << step;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, IndexTableModelTest, testing::Range(1U, 9U));

}  // namespace
}  // namespace peerage::addrbook

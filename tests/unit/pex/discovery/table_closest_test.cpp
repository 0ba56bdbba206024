// Who is closest: compared with sorting everybody.
#include <algorithm>

#include "tests/unit/pex/discovery/table_fixture.h"

namespace peerage::pex {
namespace {

class TableClosestTest : public TableTest {
 protected:
  // Entries of every bucket that has any in a network of this size; all but each fifth live.
  void fill(std::uint32_t nodes) {
    for (std::uint32_t i = 1; i <= nodes; ++i) {
      const auto node = test::contact(test::enode_id(i), test::public_endpoint(i));
      if (offer(node) == Offered::added && i % 5 != 0) answers(node);
    }
    for (unsigned distance = 1; distance < 240; distance += 7) {
      const auto node = test::contact(test::enode_id_at(own, distance, distance),
                                      test::public_endpoint(nodes + distance));
      offer(node);
      answers(node);
    }
  }
  std::vector<EnodeId> by_sorting(const EnodeId& target, std::size_t most,
                                  const NodeTable::Which& which) {
    std::vector<EnodeId> ids;
    table.for_each([&](const TableNode& node) {
      if (node.live() && which(node)) ids.push_back(node.contact.id);
    });
    std::sort(ids.begin(), ids.end(), [&](const EnodeId& a, const EnodeId& b) {
      return compare_distance(target, a, b) < 0;
    });
    ids.resize(std::min(ids.size(), most));
    return ids;
  }
  void expect_the_closest(const EnodeId& target, std::size_t most, const NodeTable::Which& which) {
    std::vector<EnodeId> found;
    for (const TableNode* node : table.closest(target, most, which)) {
      found.push_back(node->contact.id);
    }
    EXPECT_EQ(found, by_sorting(target, most, which)) << target.to_string();
  }
};

TEST_F(TableClosestTest, TheClosestLiveOnesComeInOrderForAnyTarget) {
  fill(2'000);
  const auto all = [](const TableNode&) { return true; };
  for (std::uint64_t i = 0; i < 200; ++i) expect_the_closest(test::enode_id(5'000 + i), 16, all);
  for (unsigned distance = 1; distance <= 256; ++distance) {
    expect_the_closest(test::enode_id_at(own, distance, 1), 16, all);
  }
  expect_the_closest(own, 16, all);
  expect_the_closest(test::enode_id(7), 1'000, all);
  expect_the_closest(test::enode_id(7), 0, all);
}

TEST_F(TableClosestTest, OnlyThoseThatAreWantedCount) {
  fill(2'000);
  const auto some = [](const TableNode& node) { return node.contact.id.bytes[31] % 3 == 0; };
  for (std::uint64_t i = 0; i < 100; ++i) expect_the_closest(test::enode_id(5'000 + i), 16, some);
  EXPECT_TRUE(table.closest(own, 16, [](const TableNode&) { return false; }).empty());
}

}  // namespace
}  // namespace peerage::pex

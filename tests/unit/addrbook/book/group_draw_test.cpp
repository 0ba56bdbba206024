#include "addrbook/book/group_draw.h"

#include <cstdint>
#include <map>
#include <set>

#include <gtest/gtest.h>

#include "conn/base/random.h"

namespace peerage::addrbook {
namespace {

using Groups = std::map<std::uint64_t, std::set<std::uint32_t>>;

Groups all_of(const GroupDraw& draw) {
  Groups all;
  for (std::size_t i = 0; i < draw.groups(); ++i) {
    std::set<std::uint32_t> members;
    draw.for_each(draw.nth(i), [&](std::uint32_t member) {
      EXPECT_TRUE(members.insert(member).second) << "each once";
    });
    for (std::uint64_t group = 0; group < 20; ++group) {
      if (draw.find(group) != draw.nth(i)) continue;
      EXPECT_TRUE(all.emplace(group, members).second) << "one slot for a group";
    }
  }
  EXPECT_EQ(all.size(), draw.groups());
  return all;
}

class GroupDrawTest : public testing::Test {
 protected:
  GroupDraw draw{conn::KeyedHash(conn::KeyedHash::Key{1})};
};

TEST_F(GroupDrawTest, AnEmptyOneHasNoGroup) {
  EXPECT_EQ(draw.groups(), 0u);
  EXPECT_FALSE(draw.find(1));
  EXPECT_FALSE(draw.contains(1));
  draw.remove(1);
}

TEST_F(GroupDrawTest, AGroupIsThereForAsLongAsItHasMembers) {
  draw.add(7, 1);
  draw.add(7, 2);
  draw.add(8, 3);
  draw.add(9, 3);  // it is in a group already
  EXPECT_EQ(all_of(draw), (Groups{{7, {1, 2}}, {8, {3}}}));
  draw.remove(1);
  draw.remove(3);
  EXPECT_EQ(all_of(draw), (Groups{{7, {2}}}));
  EXPECT_FALSE(draw.find(8));
  draw.add(9, 3);
  EXPECT_EQ(all_of(draw), (Groups{{7, {2}}, {9, {3}}}));
  draw.clear();
  EXPECT_EQ(all_of(draw), Groups{});
  draw.add(7, 1);
  EXPECT_EQ(all_of(draw), (Groups{{7, {1}}}));
}

TEST_F(GroupDrawTest, HoldsWhatAPlainMapHolds) {
  conn::Random random(conn::Random::Seed{3});
  Groups expected;
  std::map<std::uint32_t, std::uint64_t> group_of;
  for (int i = 0; i < 20'000; ++i) {
    const auto member = static_cast<std::uint32_t>(random.below(60));
    // Now and then all groups become empty, one after another.
    const bool filling = i / 500 % 2 == 0;
    if (random.below(4) < (filling ? 3U : 1U)) {
      const std::uint64_t group = random.below(12);
      draw.add(group, member);
      if (group_of.emplace(member, group).second) expected[group].insert(member);
    } else {
      draw.remove(member);
      const auto its = group_of.find(member);
      if (its != group_of.end()) {
        auto& members = expected[its->second];
        members.erase(member);
        if (members.empty()) expected.erase(its->second);
        group_of.erase(its);
      }
    }
    if (draw.groups() > 0) draw.swap_groups(0, random.below(draw.groups()));
    ASSERT_EQ(draw.contains(member), group_of.contains(member));
    if (i % 10 == 0) {
      ASSERT_EQ(all_of(draw), expected) << i;
    }
  }
}

}  // namespace
}  // namespace peerage::addrbook

#include "conn/base/recent_map.h"

#include <gtest/gtest.h>

namespace peerage::conn {
namespace {

TEST(RecentMap, RemembersThoseThatWereUsedLast) {
  RecentMap<int, int> map(3);
  for (int i = 0; i < 3; ++i) map.use(i, [i] { return 10 * i; });
  EXPECT_EQ(map.use(0, [] { return -1; }), 0);
  map.use(3, [] { return 30; });
  EXPECT_EQ(map.use(1), nullptr);
  ASSERT_NE(map.use(0), nullptr);
  EXPECT_EQ(*map.use(2), 20);
  EXPECT_EQ(map.size(), 3u);
}

TEST(RecentMap, WhatIsErasedIsMadeAnew) {
  RecentMap<int, int> map(3);
  map.use(1, [] { return 1; }) = 5;
  EXPECT_EQ(*map.use(1), 5);
  map.erase(1);
  map.erase(2);
  EXPECT_EQ(map.size(), 0u);
  EXPECT_EQ(map.use(1, [] { return 1; }), 1);
}

}  // namespace
}  // namespace peerage::conn

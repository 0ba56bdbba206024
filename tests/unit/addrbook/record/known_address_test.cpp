#include "addrbook/record/known_address.h"

#include <set>

#include <gtest/gtest.h>

#include "addrbook/book/address_book.h"

namespace peerage::addrbook {
namespace {

TEST(KnownAddress, OriginsKindsAndOutcomesHaveNamesOfTheirOwn) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kOriginCount; ++i) names.insert(name(static_cast<Origin>(i)));
  EXPECT_EQ(names.size(), kOriginCount);
  names.clear();
  for (std::size_t i = 0; i < kAddedCount; ++i) names.insert(name(static_cast<Added>(i)));
  EXPECT_EQ(names.size(), kAddedCount);
  EXPECT_EQ(name(Kind::new_), "new");
  EXPECT_EQ(name(Kind::tried), "old");
}

TEST(KnownAddress, FactsAreComparedByWhatTheySay) {
  KnownAddress a, b;
  EXPECT_EQ(a, b);
  a.facts = std::make_shared<const NodeFacts>();
  EXPECT_NE(a, b);
  b.facts = std::make_shared<const NodeFacts>();
  EXPECT_EQ(a, b);
  b.facts = std::make_shared<const NodeFacts>(NodeFacts{"m", "", {}});
  EXPECT_NE(a, b);
}

}  // namespace
}  // namespace peerage::addrbook

#include "addrbook/book/change_log.h"

#include <cstdint>
#include <vector>

#include <gtest/gtest.h>

#include "addrbook/book/address_table.h"
#include "addrbook/book/limits.h"
#include "tests/support/book_fixture.h"

namespace peerage::addrbook {
namespace {

using conn::NetAddress;
using test::scattered;
using Index = AddressTable::Index;

constexpr std::size_t kAll = 1000;

class ChangeLogTest : public testing::Test {
 protected:
  ChangeLogTest()
      : table(Placement(test::book_key(), conn::IpAddress::Strict::yes),
              conn::KeyedHash(conn::KeyedHash::Key{1})),
        log("test-chain", table) {}

  Index insert(const NetAddress& address) {
    KnownAddress known;
    known.address = address;
    const Place place = table.place_for(Kind::new_, address, known.source);
    const Index index = table.insert(known, place, AddressTable::Capped::no);
    log.note_changed(index);
    return index;
  }
  void erase(Index index) {
    log.note_erased(table.record(index).address);
    table.erase(index);
  }
  static std::vector<NetAddress> addresses(const std::vector<KnownAddress>& rows) {
    std::vector<NetAddress> all;
    for (const KnownAddress& row : rows) all.push_back(row.address);
    return all;
  }

  AddressTable table;
  ChangeLog log;
};

TEST_F(ChangeLogTest, HasNothingAtFirst) {
  EXPECT_TRUE(log.empty());
  const Changes changes = log.take(kAll);
  EXPECT_TRUE(changes.empty());
  EXPECT_EQ(changes.network, "test-chain");
}

TEST_F(ChangeLogTest, ARowThatChangesOftenIsWrittenOnceAsItIsWhenItIsTaken) {
  const Index index = insert(scattered(1));
  for (std::uint32_t attempts = 1; attempts <= 3; ++attempts) {
    table.record(index).attempts = attempts;
    log.note_changed(index);
  }
  EXPECT_FALSE(log.empty());
  const Changes changes = log.take(kAll);
  ASSERT_EQ(changes.written.size(), 1u);
  EXPECT_EQ(changes.written[0].attempts, 3u);
  EXPECT_TRUE(log.empty());
  log.note_changed(index);
  EXPECT_EQ(log.take(kAll).written.size(), 1u) << "it has changed again";
}

TEST_F(ChangeLogTest, NoMoreRowsAreTakenAtOnceThanAreAskedFor) {
  for (std::uint32_t i = 0; i < 5; ++i) insert(scattered(i));
  EXPECT_EQ(log.take(3).written.size(), 3u);
  EXPECT_FALSE(log.empty());
  EXPECT_EQ(log.take(3).written.size(), 2u);
  EXPECT_TRUE(log.empty());
}

TEST_F(ChangeLogTest, WhatIsGoneIsErasedAndNotWritten) {
  erase(insert(scattered(1)));
  const Changes changes = log.take(kAll);
  EXPECT_TRUE(changes.written.empty());
  EXPECT_EQ(changes.erased, std::vector{scattered(1)});
}

TEST_F(ChangeLogTest, WhatIsErasedAndComesAgainIsOnlyWritten) {
  erase(insert(scattered(1)));
  insert(scattered(1));
  const Changes changes = log.take(kAll);
  EXPECT_EQ(addresses(changes.written), std::vector{scattered(1)});
  EXPECT_TRUE(changes.erased.empty());
}

TEST_F(ChangeLogTest, AnIndexThatHasBecomeAnothersStandsForThatOne) {
  const Index index = insert(scattered(1));
  erase(index);
  ASSERT_EQ(insert(scattered(2)), index);
  const Changes changes = log.take(kAll);
  EXPECT_EQ(addresses(changes.written), std::vector{scattered(2)});
  EXPECT_EQ(changes.erased, std::vector{scattered(1)});
}

TEST_F(ChangeLogTest, WhatIsPutBackIsTakenAgain) {
  const Index stays = insert(scattered(1));
  const Index goes = insert(scattered(2));
  log.take(kAll);
  log.note_changed(stays);
  erase(goes);
  const Changes changes = log.take(kAll);
  ASSERT_EQ(changes.written.size(), 1u);
  ASSERT_EQ(changes.erased.size(), 1u);
  log.put_back(changes);
  const Changes again = log.take(kAll);
  EXPECT_EQ(again.written, changes.written);
  EXPECT_EQ(again.erased, changes.erased);
}

TEST_F(ChangeLogTest, WhatChangedSinceItWasTakenIsPutBackAsItIsNow) {
  const Index goes = insert(scattered(1));
  const Index comes = insert(scattered(2));
  erase(comes);
  const Changes changes = log.take(kAll);
  erase(goes);
  insert(scattered(2));
  log.put_back(changes);
  const Changes again = log.take(kAll);
  EXPECT_EQ(addresses(again.written), std::vector{scattered(2)});
  EXPECT_EQ(again.erased, std::vector{scattered(1)});
}

TEST_F(ChangeLogTest, EverythingIsWrittenWhenTheFileWasLost) {
  for (std::uint32_t i = 0; i < 5; ++i) insert(scattered(i));
  log.take(kAll);
  erase(*table.find(scattered(0)));
  log.note_everything();
  EXPECT_FALSE(log.empty());
  const Changes changes = log.take(2);
  EXPECT_TRUE(changes.rewrite);
  EXPECT_EQ(changes.written.size(), 4u) << "a part of it would leave rows that are gone";
  EXPECT_TRUE(changes.erased.empty());
  EXPECT_TRUE(log.empty());
  log.put_back(changes);
  EXPECT_TRUE(log.take(kAll).rewrite);
}

TEST_F(ChangeLogTest, WhenTooManyAreErasedEverythingIsWritten) {
  insert(scattered(1));
  log.take(kAll);
  for (std::uint32_t i = 0; i < kMaxErased; ++i) log.note_erased(scattered(2 + i));
  const Changes listed = log.take(kAll);
  EXPECT_FALSE(listed.rewrite);
  EXPECT_EQ(listed.erased.size(), kMaxErased);
  log.put_back(listed);
  log.note_erased(scattered(2 + kMaxErased));
  const Changes changes = log.take(kAll);
  EXPECT_TRUE(changes.rewrite);
  EXPECT_TRUE(changes.erased.empty());
  EXPECT_EQ(addresses(changes.written), std::vector{scattered(1)});
}

TEST_F(ChangeLogTest, OfATableThatWasEmptiedTheErasedAreStillToBeErased) {
  insert(scattered(1));
  erase(insert(scattered(2)));
  table.reset(Placement(test::book_key(2), conn::IpAddress::Strict::yes));
  log.forget_changed();
  const Changes changes = log.take(kAll);
  EXPECT_TRUE(changes.written.empty());
  EXPECT_EQ(changes.erased, std::vector{scattered(2)});
}

}  // namespace
}  // namespace peerage::addrbook

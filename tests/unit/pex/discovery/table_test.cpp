#include "pex/discovery/table.h"

#include <set>

#include "tests/support/addresses.h"
#include "tests/unit/pex/discovery/table_fixture.h"

namespace peerage::pex {
namespace {

using namespace std::chrono_literals;

TEST_F(TableTest, OurOwnIdIsNeverInIt) {
  EXPECT_EQ(offer(test::contact(own, "5.6.7.8:30303"), HeardBy::boot), Offered::own);
  EXPECT_EQ(table.find_any(own), nullptr);
  EXPECT_EQ(table.to_challenge(own, now), nullptr);
  EXPECT_EQ(table.on_live(own, Protocol::v4, test::public_endpoint(1), now), Live::absent);
  EXPECT_FALSE(table.remove(own));
}

TEST_F(TableTest, ANodeWithoutAUsableEndpointIsNotTaken) {
  for (const char* endpoint :
       {"0.0.0.0:30303", "[::]:30303", "5.6.7.8:0", "5.6.7.8:80", "5.6.7.8:1024", "10.0.0.1:0",
        "224.0.0.1:30303", "255.255.255.255:30303", "[ff02::1]:30303"}) {
    EXPECT_EQ(offer(test::contact(test::enode_id(1), endpoint)), Offered::unusable) << endpoint;
  }
  EXPECT_EQ(table.counts().entries, 0u);
}

TEST_F(TableTest, ASystemPortIsUsableAtAPrivateAddress) {
  std::uint64_t number = 1;
  for (const char* endpoint : {"10.0.0.1:80", "127.0.0.1:1", "[fd00::1]:1024", "5.6.7.8:1025"}) {
    EXPECT_EQ(offer(test::contact(test::enode_id(number++), endpoint)), Offered::added) << endpoint;
  }
}

TEST_F(TableTest, ANodeStandsInTheBucketOfItsLogDistance) {
  for (unsigned distance = 1; distance <= 256; ++distance) {
    const auto node =
        test::contact(test::enode_id_at(own, distance, distance), test::public_endpoint(distance));
    ASSERT_EQ(offer(node), Offered::added);
    ASSERT_EQ(answers(node), Live::became);
  }
  EXPECT_EQ(table.counts().buckets_used, 256u);
  for (unsigned distance = 1; distance <= 256; ++distance) {
    const auto there = table.at_distance(distance);
    ASSERT_EQ(there.size(), 1u);
    EXPECT_EQ(log_distance(own, there[0]->contact.id), distance);
  }
  EXPECT_TRUE(table.at_distance(0).empty());
  EXPECT_TRUE(table.at_distance(257).empty());
}

TEST_F(TableTest, ABucketHasSixteenEntriesAndTenReplacements) {
  for (std::uint32_t i = 1; i <= 16; ++i) EXPECT_EQ(offer(far_node(i)), Offered::added);
  for (std::uint32_t i = 17; i <= 40; ++i) EXPECT_EQ(offer(far_node(i)), Offered::replacement);
  EXPECT_EQ(table.counts().entries, 16u);
  EXPECT_EQ(table.counts().replacements, 10u);
}

TEST_F(TableTest, ANewcomerPushesTheOldestReplacementOutAndNoEntry) {
  for (std::uint32_t i = 1; i <= 27; ++i) offer(far_node(i));
  for (std::uint32_t i = 1; i <= 16; ++i) EXPECT_NE(table.find(far_node(i).id), nullptr) << i;
  EXPECT_EQ(table.find_any(far_node(17).id), nullptr);
  for (std::uint32_t i = 18; i <= 27; ++i) {
    EXPECT_EQ(table.find(far_node(i).id), nullptr) << i;
    EXPECT_NE(table.find_any(far_node(i).id), nullptr) << i;
  }
}

TEST_F(TableTest, ABootNodeMakesRoomForAReplacementThatHasAnswered) {
  const Contact boot = far_node(100);
  offer(boot, HeardBy::boot);
  answers(boot);
  fill_bucket(15);
  EXPECT_EQ(offer(far_node(17)), Offered::replacement);
  EXPECT_NE(table.find(boot.id), nullptr) << "not for one that was only heard of";
  EXPECT_EQ(answers(far_node(17)), Live::became);
  EXPECT_NE(table.find(far_node(17).id), nullptr);
  EXPECT_EQ(table.find(boot.id), nullptr);
  ASSERT_NE(table.find_any(boot.id), nullptr) << "it waits for a place like any other";
  EXPECT_FALSE(table.find_any(boot.id)->live());
  EXPECT_EQ(table.counts().entries, 16u);
  EXPECT_EQ(table.counts().live, 16u);

  EXPECT_EQ(offer(far_node(18)), Offered::replacement);
  EXPECT_EQ(answers(far_node(18)), Live::waits) << "nobody else makes room";
}

TEST_F(TableTest, ABootNodeStaysWhereThereIsRoomAndWhereStrangersComeUnasked) {
  table.open_to_inbound();
  const Contact boot = far_node(100);
  offer(boot, HeardBy::boot);
  answers(boot);
  fill_bucket(14);
  offer(far_node(16));
  EXPECT_EQ(answers(far_node(16)), Live::became);
  EXPECT_NE(table.find(boot.id), nullptr) << "the bucket was not full";
  EXPECT_EQ(offer(far_node(17), HeardBy::inbound), Offered::replacement);
  EXPECT_EQ(answers(far_node(17)), Live::waits);
  EXPECT_NE(table.find(boot.id), nullptr);
}

TEST_F(TableTest, WhenAnEntryLeavesAReplacementTakesItsPlaceAndIsToBePinged) {
  fill_bucket();
  offer(far_node(17));
  EXPECT_TRUE(table.remove(far_node(3).id));
  EXPECT_EQ(table.find_any(far_node(3).id), nullptr);
  ASSERT_NE(table.find(far_node(17).id), nullptr);
  EXPECT_FALSE(table.find(far_node(17).id)->live());
  EXPECT_EQ(table.take_promoted(), std::vector{far_node(17).id});
  EXPECT_TRUE(table.take_promoted().empty());
}

TEST_F(TableTest, TheReplacementIsDrawnByLot) {
  std::set<EnodeId> drawn;
  for (std::uint8_t seed = 0; seed < 40; ++seed) {
    NodeTable other({own, {}, {}}, test::random_below(seed));
    for (std::uint32_t i = 1; i <= 26; ++i)
      other.offer(far_node(i), Protocol::v4, HeardBy::told, now);
    other.remove(far_node(1).id);
    drawn.insert(other.take_promoted().at(0));
  }
  EXPECT_GT(drawn.size(), 5u);
}

TEST_F(TableTest, OneThatWasPromotedAndLeftIsNotToBePinged) {
  fill_bucket();
  offer(far_node(17));
  table.remove(far_node(3).id);
  table.remove(far_node(17).id);
  EXPECT_TRUE(table.take_promoted().empty());
}

TEST_F(TableTest, AFullBucketChallengesTheEntryThatWasLiveLongestAgo) {
  const auto nodes = fill_bucket();
  const EnodeId newcomer = far_node(17).id;
  now += 30s;
  ASSERT_NE(table.to_challenge(newcomer, now), nullptr);
  EXPECT_EQ(table.to_challenge(newcomer, now)->contact.id, nodes[0].id);
  answers(nodes[0]);
  EXPECT_EQ(table.to_challenge(newcomer, now)->contact.id, nodes[1].id);
}

TEST_F(TableTest, AnEntryWithAFreshProofIsNotChallenged) {
  const auto nodes = fill_bucket();
  now += 1h;
  for (const auto& node : nodes) answers(node);
  now += 30s;
  EXPECT_EQ(table.to_challenge(far_node(17).id, now), nullptr);
  now += 1ns;
  EXPECT_NE(table.to_challenge(far_node(17).id, now), nullptr);
}

TEST_F(TableTest, AnEntryIsNotChallengedAgainBeforeItCouldAnswer) {
  const auto nodes = fill_bucket();
  now += 1h;
  const EnodeId newcomer = far_node(17).id;
  ASSERT_NE(table.to_challenge(newcomer, now), nullptr);
  table.on_pinged(nodes[0].id, Protocol::v4, nodes[0].udp, now);
  EXPECT_EQ(table.to_challenge(newcomer, now + 19s), nullptr);
  EXPECT_NE(table.to_challenge(newcomer, now + 20s), nullptr);
}

TEST_F(TableTest, NobodyIsChallengedWhileThereIsRoom) {
  fill_bucket(15);
  EXPECT_EQ(table.to_challenge(far_node(17).id, now + 1h), nullptr);
}

TEST_F(TableTest, EntriesStandLeastRecentlyLiveFirst) {
  const auto nodes = fill_bucket(5);
  offer(far_node(6));
  now += 1s;
  answers(nodes[1]);
  std::vector<EnodeId> order;
  table.for_each([&](const TableNode& node) { order.push_back(node.contact.id); });
  EXPECT_EQ(order, (std::vector{far_node(6).id, nodes[0].id, nodes[2].id, nodes[3].id, nodes[4].id,
                                nodes[1].id}));
}

TEST_F(TableTest, WhoComesUnaskedIsNotTakenBeforeTheFirstFill) {
  EXPECT_EQ(offer(far_node(1), HeardBy::inbound), Offered::inbound_closed);
  EXPECT_FALSE(table.open_to_inbound_now());
  table.open_to_inbound();
  EXPECT_EQ(offer(far_node(1), HeardBy::inbound), Offered::added);
}

TEST_F(TableTest, WhoComesUnaskedHoldsTenOfTheSixteenPlaces) {
  table.open_to_inbound();
  for (std::uint32_t i = 1; i <= 10; ++i) {
    EXPECT_EQ(offer(far_node(i), HeardBy::inbound), Offered::added);
  }
  EXPECT_EQ(offer(far_node(11), HeardBy::inbound), Offered::inbound_full);
  for (std::uint32_t i = 11; i <= 16; ++i) EXPECT_EQ(offer(far_node(i)), Offered::added);
  EXPECT_EQ(table.counts().inbound, 10u);
}

TEST_F(TableTest, ReplacementsThatCameUnaskedDoNotExceedTheirShareEither) {
  table.open_to_inbound();
  for (std::uint32_t i = 1; i <= 10; ++i) offer(far_node(i), HeardBy::inbound);
  for (std::uint32_t i = 11; i <= 16; ++i) offer(far_node(i));
  for (std::uint32_t i = 17; i <= 19; ++i) {
    EXPECT_EQ(offer(far_node(i), HeardBy::inbound), Offered::replacement);
  }
  table.remove(far_node(11).id);
  EXPECT_TRUE(table.take_promoted().empty());
  table.remove(far_node(1).id);
  EXPECT_EQ(table.take_promoted().size(), 1u);
  EXPECT_EQ(table.counts().inbound, 10u);
}

TEST_F(TableTest, AReplacementThatOthersNameTooTakesAFreePlace) {
  table.open_to_inbound();
  for (std::uint32_t i = 1; i <= 10; ++i) offer(far_node(i), HeardBy::inbound);
  for (std::uint32_t i = 11; i <= 16; ++i) offer(far_node(i));
  offer(far_node(17), HeardBy::inbound);
  table.remove(far_node(11).id);
  EXPECT_EQ(offer(far_node(17), HeardBy::inbound), Offered::known);
  EXPECT_EQ(offer(far_node(17), HeardBy::told), Offered::added);
  EXPECT_NE(table.find(far_node(17).id), nullptr);
  EXPECT_EQ(table.counts().replacements, 0u);
}

TEST_F(TableTest, WhatIsRemovedByARuleGoesFromEntriesAndReplacements) {
  for (std::uint32_t i = 1; i <= 26; ++i) offer(far_node(i));
  const auto banned = [](const TableNode& node) {
    return node.contact.udp.ip.v4_bytes()[2] % 2 == 0;
  };
  EXPECT_EQ(table.remove_if(banned).size(), 13u);
  EXPECT_EQ(table.counts().entries, 13u);
  EXPECT_EQ(table.counts().replacements, 0u);
  table.for_each([&](const TableNode& node) { EXPECT_FALSE(banned(node)); });
}

}  // namespace
}  // namespace peerage::pex

// Which records become candidates, which of them are handed over, and what a dial does to them.
#include "pex/discovery/candidates.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/discovery_contacts.h"

namespace peerage::pex {
namespace {

using namespace std::chrono_literals;
using conn::IpAddress;
using conn::NetAddress;
using conn::TimePoint;
using test::DiscoveredNode;
using test::numbered_key;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using State = Candidates::State;

constexpr TimePoint kStart{1000h};

class CandidatesTest : public testing::Test {
 protected:
  static constexpr std::uint32_t kOwn = 9'999;
  static Candidates::Settings settings() {
    Candidates::Settings settings;
    settings.own = numbered_key(kOwn).id();
    settings.networks = {"test-chain", "other-chain"};
    return settings;
  }

  Candidates pool{settings(), kStart};
  TimePoint now = kStart;
  std::vector<NetAddress> banned;

  void is_live(const DiscoveredNode& node) { pool.on_update(update::Added{node.contact()}, now); }
  void is_still_live(const DiscoveredNode& node) {
    pool.on_update(update::StillLive{node.contact()}, now);
  }
  std::vector<EnodeId> dial(const DiscoveredNode& node, DialOutcome outcome) {
    return pool.on_dial(node.address(), "test-chain", outcome, now);
  }
  // What is handed over at this instant.
  std::vector<NetAddress> handed() {
    std::vector<NetAddress> addresses;
    const auto is_banned = [this](const NetAddress& address) {
      return std::find(banned.begin(), banned.end(), address) != banned.end();
    };
    for (const auto& each : pool.take(now, is_banned)) addresses.push_back(each.address);
    return addresses;
  }
  // Within so long, looking whenever there is something to do.
  std::vector<NetAddress> handed_within(conn::Duration span) {
    std::vector<NetAddress> all;
    const TimePoint end = now + span;
    while (true) {
      for (const NetAddress& each : handed()) all.push_back(each);
      const TimePoint next = pool.next_deadline(now);
      if (next > end) break;
      now = std::max(next, now + 1ms);
    }
    now = end;
    return all;
  }
  // A node of its own, in a network of its own.
  static DiscoveredNode node(std::uint32_t number) {
    DiscoveredNode made;
    made.number = number;
    made.names = numbered_key(number).id();
    made.ip = IpAddress::v4(static_cast<std::uint8_t>(20 + number / 200),
                            static_cast<std::uint8_t>(number % 200), 1, 1);
    return made;
  }
};

// --- what a candidate is ---

TEST_F(CandidatesTest, ALiveRecordOfOurNetworkIsHandedOverOnce) {
  is_live(node(1));
  EXPECT_THAT(handed(), ElementsAre(node(1).address()));
  is_still_live(node(1));
  EXPECT_THAT(handed_within(23h), IsEmpty());
}

TEST_F(CandidatesTest, AfterADayItIsHandedOverAnewWhileItIsLive) {
  is_live(node(1));
  handed();
  now += 23h;
  is_still_live(node(1));
  now += 1h;
  EXPECT_THAT(handed(), SizeIs(1));
  EXPECT_THAT(handed_within(25h), IsEmpty()) << "it was live a day ago";
  EXPECT_EQ(pool.size(), 0u);
}

TEST_F(CandidatesTest, ARecordOfAHigherSequenceIsHandedOverAgainAfterAPause) {
  DiscoveredNode node = this->node(1);
  is_live(node);
  handed();
  node.seq = 2;
  is_live(node);
  EXPECT_THAT(handed_within(Candidates::kPause - 1ms), IsEmpty());
  EXPECT_THAT(handed_within(1ms), SizeIs(1));
}

TEST_F(CandidatesTest, WhatNamesNoNetworkOfOursIsNone) {
  DiscoveredNode other = node(1);
  other.networks = {"a-third-chain"};
  is_live(other);
  DiscoveredNode without = node(2);
  without.has_cmt = false;
  is_live(without);
  Contact bare = node(3).contact();
  bare.record = nullptr;
  pool.on_update(update::Added{bare}, now);
  EXPECT_EQ(pool.size(), 0u);
}

TEST_F(CandidatesTest, OurselvesAreNone) {
  DiscoveredNode own = node(1);
  own.names = numbered_key(kOwn).id();
  is_live(own);
  EXPECT_EQ(pool.size(), 0u);
}

TEST_F(CandidatesTest, ARecordThatNamesAnotherIpThanTheOneThatAnsweredIsNone) {
  DiscoveredNode elsewhere = node(1);
  elsewhere.record_ip = IpAddress::v4(9, 9, 9, 9);
  is_live(elsewhere);
  EXPECT_EQ(pool.size(), 0u);
}

TEST_F(CandidatesTest, OneThatNamesNoIpIsWhereItHasAnswered) {
  DiscoveredNode unknowing = node(1);
  unknowing.has_ip = false;
  is_live(unknowing);
  EXPECT_THAT(handed(), ElementsAre(unknowing.address()));
}

TEST_F(CandidatesTest, PortZeroMeansThatOfTheTcpPair) {
  DiscoveredNode node = this->node(1);
  node.p2p_port = 0;
  is_live(node);
  EXPECT_EQ(pool.size(), 0u) << "there is none";
  node.tcp = 700;
  is_live(node);
  EXPECT_THAT(handed(), ElementsAre(NetAddress{node.names, {node.ip, 700}}));
}

TEST_F(CandidatesTest, PortZeroMeansThatOfTheTcpPairAlsoInARecordWithoutAnIp) {
  DiscoveredNode node = this->node(1);
  node.has_ip = false;
  node.p2p_port = 0;
  node.tcp = 700;
  Contact contact = node.contact();
  contact.tcp = 0;
  pool.on_update(update::Added{contact}, now);
  EXPECT_THAT(handed(), ElementsAre(NetAddress{node.names, {node.ip, 700}}));
}

TEST_F(CandidatesTest, OneOfSeveralNetworksOfOursIsACandidateForEach) {
  DiscoveredNode both = node(1);
  both.networks = {"other-chain", "test-chain", "a-third-chain"};
  is_live(both);
  std::vector<std::string> networks;
  for (const auto& each : pool.take(now, [](const auto&) { return false; })) {
    networks.push_back(each.network);
  }
  EXPECT_THAT(networks, testing::UnorderedElementsAre("test-chain", "other-chain"));
  both.seq = 2;
  both.networks = {"other-chain"};
  is_live(both);
  EXPECT_EQ(pool.size(), 1u) << "it does not name the other one any more";
}

TEST_F(CandidatesTest, OneThatLeavesTheTableOrMovesIsNoneAnyMore) {
  is_live(node(1));
  is_live(node(2));
  is_live(node(3));
  pool.on_update(update::DiscoveredAtCapacity{node(3).contact()}, now);
  EXPECT_EQ(pool.size(), 3u);
  pool.on_update(update::Removed{node(1).id()}, now);
  pool.on_update(update::RecordChanged{node(2).contact(), update::RecordChanged::Live::no}, now);
  EXPECT_THAT(handed(), ElementsAre(node(3).address()));
}

// --- how many, how often ---

TEST_F(CandidatesTest, FourASecondAreHandedOver) {
  for (std::uint32_t i = 1; i <= 100; ++i) is_live(node(i));
  EXPECT_THAT(handed(), SizeIs(4));
  EXPECT_THAT(handed_within(10s), SizeIs(40));
}

TEST_F(CandidatesTest, AFullPoolHasNoRoomForOneMoreButThatOfOneThatIsOfLessUse) {
  Candidates::Settings small = settings();
  small.limits.candidates = 10;
  pool = Candidates(small, kStart);
  for (std::uint32_t i = 1; i <= 10; ++i) is_live(node(i));
  is_live(node(11));
  EXPECT_EQ(pool.size(), 10u);
  EXPECT_EQ(pool.counts().refused, 1u) << "all of them wait to be handed over";
  now += 1s;
  is_still_live(node(2));
  ASSERT_THAT(handed(), SizeIs(4));
  const auto is_in = [this](const DiscoveredNode& which) {
    return pool.on_dial(which.address(), "test-chain", DialOutcome::closed, now).empty() &&
           pool.in(State::handed) > 0;
  };
  EXPECT_TRUE(is_in(node(11)));
  is_live(node(12));
  EXPECT_EQ(pool.size(), 10u);
  EXPECT_EQ(pool.counts().displaced, 1u);
}

TEST_F(CandidatesTest, AFullPoolLosesTheRejectedFirstAndAPeerOfOursNever) {
  Candidates::Settings small = settings();
  small.limits.candidates = 3;
  pool = Candidates(small, kStart);
  for (std::uint32_t i = 1; i <= 3; ++i) is_live(node(i));
  handed();
  dial(node(1), DialOutcome::connected);
  dial(node(2), DialOutcome::failed);
  dial(node(3), DialOutcome::other_network);
  is_live(node(4));
  EXPECT_EQ(pool.in(State::rejected), 0u);
  is_live(node(5));
  EXPECT_EQ(pool.in(State::failed), 0u);
  is_live(node(6));
  EXPECT_EQ(pool.in(State::fresh), 2u);
  EXPECT_EQ(pool.in(State::connected), 1u);
  EXPECT_EQ(pool.counts().refused, 1u);
}

TEST_F(CandidatesTest, OfTheRecordsThatNameOneNodeTheTwoThatAreLiveLongestAreHandedOver) {
  for (std::uint32_t i = 1; i <= 5; ++i) {
    DiscoveredNode liar = node(i);
    liar.names = numbered_key(1).id();
    is_live(liar);
    now += 1s;
  }
  DiscoveredNode first = node(1), second = node(2);
  second.names = first.names;
  EXPECT_THAT(handed_within(1h), ElementsAre(first.address(), second.address()));
  EXPECT_EQ(pool.in(State::waits), 3u);
}

TEST_F(CandidatesTest, OneThatFailedStandsBehindTheOthersThatNameItsNode) {
  std::vector<DiscoveredNode> named;
  for (std::uint32_t i = 1; i <= 3; ++i) {
    named.push_back(node(i));
    named.back().names = numbered_key(1).id();
    is_live(named.back());
    now += 1s;
  }
  EXPECT_THAT(handed(), SizeIs(2));
  dial(named[0], DialOutcome::failed);
  EXPECT_THAT(handed_within(2min), ElementsAre(named[2].address()));
}

TEST_F(CandidatesTest, OfOneNodeOnlySoManyRecordsAreKnown) {
  for (std::uint32_t i = 1; i <= Candidates::kRecordsKept + 10; ++i) {
    DiscoveredNode liar = node(i);
    liar.names = numbered_key(1).id();
    is_live(liar);
  }
  EXPECT_EQ(pool.size(), Candidates::kRecordsKept);
  EXPECT_EQ(pool.counts().refused, 10u);
}

TEST_F(CandidatesTest, AHostHasOnePlaceWhichAnotherGetsADayLaterIfItIsOfNoUse) {
  DiscoveredNode one = node(1), two = node(2);
  two.ip = one.ip;
  is_live(one);
  now += 1s;
  is_live(two);
  EXPECT_THAT(handed_within(1h), ElementsAre(one.address()));
  pool.on_update(update::Removed{one.id()}, now);
  EXPECT_THAT(handed_within(22h), IsEmpty());
  is_still_live(two);
  EXPECT_THAT(handed_within(2h), ElementsAre(two.address()));
}

TEST_F(CandidatesTest, TwoAddressesOfOneV6NetworkAreOneHost) {
  DiscoveredNode one = node(1), two = node(2);
  one.ip = *IpAddress::parse("2a01:4f8::1");
  two.ip = *IpAddress::parse("2a01:4f8::2");
  is_live(one);
  is_live(two);
  EXPECT_THAT(handed_within(1h), SizeIs(1));
}

TEST_F(CandidatesTest, PrivateAddressesAreFreeOfThat) {
  for (std::uint32_t i = 1; i <= 4; ++i) {
    DiscoveredNode local = node(i);
    local.ip = IpAddress::v4(127, 0, 0, 1);
    is_live(local);
  }
  EXPECT_THAT(handed(), SizeIs(4));
}

// --- what a dial does ---

TEST_F(CandidatesTest, APeerOfOursIsConnected) {
  is_live(node(1));
  handed();
  dial(node(1), DialOutcome::connected);
  EXPECT_EQ(pool.in(State::connected), 1u);
}

TEST_F(CandidatesTest, OneOfAnotherNetworkIsNoneUntilItsRecordIsAnother) {
  DiscoveredNode node = this->node(1);
  is_live(node);
  handed();
  dial(node, DialOutcome::other_network);
  for (int day = 0; day < 3; ++day) {
    is_still_live(node);
    EXPECT_THAT(handed_within(24h), IsEmpty());
  }
  node.seq = 2;
  is_live(node);
  EXPECT_THAT(handed(), SizeIs(1));
}

TEST_F(CandidatesTest, OneThatProvesAnotherIdIsUnwantedForADayAndBannedTheSecondTime) {
  is_live(node(1));
  handed();
  EXPECT_THAT(dial(node(1), DialOutcome::other_id), IsEmpty());
  EXPECT_EQ(pool.size(), 0u);
  DiscoveredNode again = node(1);
  again.seq = 2;
  is_live(again);
  EXPECT_EQ(pool.size(), 0u) << "nor by a new record";
  now += Candidates::kUnwanted;
  is_live(again);
  EXPECT_THAT(handed(), SizeIs(1));
  EXPECT_THAT(dial(again, DialOutcome::other_id), ElementsAre(again.id()));
}

TEST_F(CandidatesTest, ADialThatProvesAnotherIdBlamesTheRecordsThatNamedThatAddressAlone) {
  DiscoveredNode honest = node(1), liar = node(2);
  liar.names = honest.names;
  is_live(honest);
  is_live(liar);
  handed();
  dial(liar, DialOutcome::other_id);
  EXPECT_EQ(pool.size(), 1u);
  EXPECT_TRUE(dial(honest, DialOutcome::connected).empty());
  EXPECT_EQ(pool.in(State::connected), 1u);
}

TEST_F(CandidatesTest, OneThatFailedIsTriedAgainAfterAnHourDoublingToADay) {
  const DiscoveredNode node = this->node(1);
  is_live(node);
  handed();
  std::vector<std::int64_t> hours;
  for (int i = 0; i < 8; ++i) {
    dial(node, DialOutcome::failed);
    const TimePoint failed = now;
    while (handed().empty()) {
      now += 1h;
      is_still_live(node);
    }
    hours.push_back((now - failed) / 1h);
  }
  EXPECT_THAT(hours, ElementsAre(1, 2, 4, 8, 16, 24, 24, 24));
}

TEST_F(CandidatesTest, OneThatClosedAfterItsProofStaysAndHasNotFailed) {
  is_live(node(1));
  handed();
  dial(node(1), DialOutcome::failed);
  dial(node(1), DialOutcome::closed);
  EXPECT_EQ(pool.in(State::handed), 1u);
}

TEST_F(CandidatesTest, APeerThatIsGoneIsACandidateAgain) {
  is_live(node(1));
  handed();
  dial(node(1), DialOutcome::connected);
  dial(node(1), DialOutcome::gone);
  EXPECT_EQ(pool.in(State::connected), 0u);
  EXPECT_EQ(pool.in(State::handed), 1u);
}

TEST_F(CandidatesTest, ADialThatNoRecordHasNamedChangesNothing) {
  is_live(node(1));
  for (const auto outcome : {DialOutcome::connected, DialOutcome::other_id, DialOutcome::failed}) {
    pool.on_dial(node(2).address(), "test-chain", outcome, now);
    pool.on_dial(node(1).address(), "other-chain", outcome, now);
    pool.on_dial(node(1).address(), "a-third-chain", outcome, now);
  }
  EXPECT_EQ(pool.in(State::fresh), 1u);
}

// --- bans ---

TEST_F(CandidatesTest, ABanEndsTheCandidatesThatItCovers) {
  for (std::uint32_t i = 1; i <= 3; ++i) is_live(node(i));
  pool.on_banned(node(1).names);
  pool.on_banned(conn::Cidr(node(2).ip));
  EXPECT_EQ(pool.counts().banned, 2u);
  banned = {node(3).address()};
  EXPECT_THAT(handed(), IsEmpty());
  EXPECT_EQ(pool.size(), 0u);
}

// --- attacks ---

TEST_F(CandidatesTest, TwoHostsWithTenThousandIdsAreTwoInAHundredOfWhatIsHandedOver) {
  static constexpr std::uint32_t kHonest = 100, kIds = 10'000;
  std::size_t theirs = 0, honest = 0;
  const IpAddress hosts[] = {IpAddress::v4(66, 1, 1, 1), IpAddress::v4(77, 1, 1, 1)};
  // Ten of each host are in the table at a time, others in each step.
  static constexpr std::uint32_t kStep = 20;
  std::uint32_t next = 0;
  std::vector<EnodeId> in_table;
  for (int step = 0; step < 24 * 20 - 1; ++step) {
    for (const EnodeId& id : std::exchange(in_table, {})) {
      pool.on_update(update::Removed{id}, now);
    }
    for (std::uint32_t i = 0; i < kStep && next < kIds; ++i, ++next) {
      DiscoveredNode sybil;
      sybil.number = 100'000 + next;
      sybil.names = numbered_key(50'000 + next % 500).id();
      sybil.ip = hosts[next % 2];
      sybil.p2p_port = static_cast<std::uint16_t>(1024 + next);
      is_live(sybil);
      in_table.push_back(sybil.id());
    }
    if (step % 100 == 0) {
      for (std::uint32_t i = 1; i <= kHonest; ++i) is_still_live(node(i));
    }
    for (const NetAddress& each : handed_within(3min)) {
      const bool is_theirs = each.endpoint.ip == hosts[0] || each.endpoint.ip == hosts[1];
      ++(is_theirs ? theirs : honest);
    }
  }
  EXPECT_GE(honest, kHonest);
  EXPECT_LE(100 * theirs, 2 * (theirs + honest));
  EXPECT_LE(pool.size(), DiscoveryLimits{}.candidates);
}

TEST_F(CandidatesTest, AHundredRecordsThatNameAnHonestNodeDoNotKeepItFromBeingDialled) {
  static constexpr std::uint32_t kLiars = 100;
  const DiscoveredNode honest = node(1);
  std::vector<Contact> all;
  for (std::uint32_t i = 2; i <= kLiars + 1; ++i) {
    DiscoveredNode liar = node(i);
    liar.names = honest.names;
    all.push_back(liar.contact());
  }
  all.push_back(honest.contact());
  bool dialled = false;
  std::size_t unwanted = 0;
  for (int minute = 0; minute < 120; ++minute) {
    for (const Contact& each : all) pool.on_update(update::StillLive{each}, now);
    for (const NetAddress& each : handed_within(1min)) {
      dialled = dialled || each == honest.address();
      const auto outcome =
          each == honest.address() ? DialOutcome::connected : DialOutcome::other_id;
      if (outcome == DialOutcome::other_id) ++unwanted;
      pool.on_dial(each, "test-chain", outcome, now);
    }
  }
  EXPECT_TRUE(dialled);
  EXPECT_EQ(unwanted, kLiars) << "each is dialled once, and not again that day";
  EXPECT_EQ(pool.size(), 1u);
  EXPECT_EQ(pool.in(State::connected), 1u);
}

TEST_F(CandidatesTest, ARecordThatChangesAllTheTimeTakesNoMoreThanItsShare) {
  DiscoveredNode restless = node(1);
  std::size_t times = 0;
  for (int second = 0; second < 1800; ++second) {
    ++restless.seq;
    restless.p2p_port = static_cast<std::uint16_t>(1024 + second);
    is_live(restless);
    times += handed_within(1s).size();
  }
  EXPECT_LE(times, 1800s / Candidates::kPause + 1);
}

}  // namespace
}  // namespace peerage::pex

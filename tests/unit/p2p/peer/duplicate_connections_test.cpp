#include "p2p/peer/duplicate_connections.h"

#include <ostream>

#include <gtest/gtest.h>

#include "p2p/base/peer_reason.h"

namespace peerage::p2p {

void PrintTo(const DuplicateConnections::Action& action, std::ostream* out) {
  static constexpr const char* kKinds[] = {"admit", "drop", "probe"};
  *out << kKinds[static_cast<int>(action.kind)] << ' ' << action.link;
  if (action.kind == DuplicateConnections::Action::Kind::drop)
    *out << ' ' << conn::name(action.reason);
}

namespace {

using namespace std::chrono_literals;
using conn::NodeId;
using conn::Reason;
using conn::TimePoint;
using Actions = DuplicateConnections::Actions;
using Kind = DuplicateConnections::Action::Kind;
using Another = DuplicateConnections::Another;

const TimePoint kStart{1h};
constexpr Direction kIn = Direction::inbound, kOut = Direction::outbound;

NodeId id_of(std::uint8_t fill) {
  conn::ByteArray<NodeId::kBytes> bytes;
  bytes.fill(fill);
  return NodeId(bytes);
}
const NodeId kOwn = id_of(0x50), kLower = id_of(0x40), kHigher = id_of(0x60);

DuplicateConnections::Action admit(LinkId link) {
  return {Kind::admit, link, {}};
}
DuplicateConnections::Action probe(LinkId link) {
  return {Kind::probe, link, {}};
}
DuplicateConnections::Action drop(LinkId link, Reason why) {
  return {Kind::drop, link, why};
}
const Actions kNothing;

struct DuplicateConnectionsTest : testing::Test {
  DuplicateConnections duplicates{kOwn};

  Actions proven(const NodeId& id, LinkId link, Direction direction, conn::Duration at,
                 Another another = Another::none) {
    return duplicates.on_proven(id, link, direction, another, kStart + at);
  }
  Actions time(conn::Duration at) { return duplicates.on_time(kStart + at); }
  void expect_deadline(conn::Duration at) { EXPECT_EQ(duplicates.deadline(), kStart + at); }
};

TEST_F(DuplicateConnectionsTest, ASingleConnectionIsShownAtOnce) {
  for (const Direction direction : {kIn, kOut}) {
    DuplicateConnections fresh(kOwn);
    EXPECT_EQ(fresh.on_proven(kLower, 1, direction, Another::none, kStart), Actions{admit(1)});
    EXPECT_EQ(fresh.shown(kLower), 1u);
    EXPECT_TRUE(fresh.knows(kLower));
    EXPECT_FALSE(fresh.knows(kHigher));
    EXPECT_EQ(fresh.deadline(), std::nullopt);
    EXPECT_EQ(fresh.on_gone(kLower, 1), kNothing);
    EXPECT_EQ(fresh.nodes(), 0u);
  }
}

TEST_F(DuplicateConnectionsTest, ConnectionsOfDifferentNodesAreNoDuplicates) {
  EXPECT_EQ(proven(kLower, 1, kIn, 0s), Actions{admit(1)});
  EXPECT_EQ(proven(kHigher, 2, kIn, 0s), Actions{admit(2)});
  EXPECT_EQ(duplicates.shown(kLower), 1u);
  EXPECT_EQ(duplicates.shown(kHigher), 2u);
}

TEST_F(DuplicateConnectionsTest, WhileAnotherIsExpectedNothingIsShownForTwoSeconds) {
  EXPECT_EQ(proven(kLower, 1, kIn, 0s, Another::expected), kNothing);
  EXPECT_EQ(duplicates.shown(kLower), std::nullopt);
  EXPECT_TRUE(duplicates.knows(kLower));
  expect_deadline(2s);
  EXPECT_EQ(time(1999ms), kNothing);
  EXPECT_EQ(time(2s), Actions{admit(1)});
  EXPECT_EQ(duplicates.deadline(), std::nullopt);
}

TEST_F(DuplicateConnectionsTest, AnotherThatDoesNotComeAnyMoreIsNotWaitedFor) {
  EXPECT_EQ(proven(kLower, 1, kOut, 0s, Another::expected), kNothing);
  EXPECT_EQ(duplicates.waiting_for_other(), std::vector{kLower});
  EXPECT_EQ(duplicates.on_no_other(kLower), Actions{admit(1)});
  EXPECT_EQ(duplicates.waiting_for_other(), std::vector<NodeId>{});
  EXPECT_EQ(duplicates.on_no_other(kLower), kNothing) << "said again";
  EXPECT_EQ(duplicates.on_no_other(kHigher), kNothing) << "of an unknown node";
}

TEST_F(DuplicateConnectionsTest, OnlyOutboundOnesWaitForAnotherFromTheHost) {
  EXPECT_EQ(proven(kLower, 1, kIn, 0s, Another::expected), kNothing);
  EXPECT_EQ(duplicates.waiting_for_other(), std::vector<NodeId>{});
}

TEST_F(DuplicateConnectionsTest, TheOneThatWaitsAloneMayGo) {
  EXPECT_EQ(proven(kLower, 1, kOut, 0s, Another::expected), kNothing);
  EXPECT_EQ(duplicates.on_gone(kLower, 1), kNothing);
  EXPECT_EQ(duplicates.nodes(), 0u);
  EXPECT_EQ(duplicates.deadline(), std::nullopt);
}

struct SimultaneousCase {
  NodeId remote;
  Direction first;
  LinkId stays;  // of 1 and 2, in the order in which they completed
};

// Both sides come to the same answer: the connection that the lower ID has dialled.
const std::vector<SimultaneousCase> kSimultaneous = {
    {kHigher, kOut, 1}, {kHigher, kIn, 2}, {kLower, kOut, 2}, {kLower, kIn, 1}};

TEST_F(DuplicateConnectionsTest, OfTwoThatAreHeldTheOneDialledByTheLowerIdStays) {
  for (const auto& [remote, first, stays] : kSimultaneous) {
    SCOPED_TRACE(stays);
    DuplicateConnections fresh(kOwn);
    const Direction second = first == kIn ? kOut : kIn;
    EXPECT_EQ(fresh.on_proven(remote, 1, first, Another::expected, kStart), kNothing);
    EXPECT_EQ(fresh.on_proven(remote, 2, second, Another::none, kStart + 1s), kNothing);
    EXPECT_EQ(fresh.deadline(), kStart + 3s) << "counted from the second";
    EXPECT_EQ(fresh.on_time(kStart + 2s), kNothing);
    const LinkId goes = 3 - stays;
    EXPECT_EQ(fresh.on_time(kStart + 3s),
              (Actions{drop(goes, PeerReason::lost_simultaneous_dial), admit(stays)}));
    EXPECT_EQ(fresh.shown(remote), stays);
    EXPECT_EQ(fresh.on_gone(remote, goes), kNothing);
    EXPECT_EQ(fresh.on_gone(remote, stays), kNothing);
    EXPECT_EQ(fresh.nodes(), 0u);
  }
}

TEST_F(DuplicateConnectionsTest, OneThatIsShownStaysShownUntilTheDecision) {
  for (const auto& [remote, first, stays] : kSimultaneous) {
    SCOPED_TRACE(stays);
    DuplicateConnections fresh(kOwn);
    const Direction second = first == kIn ? kOut : kIn;
    EXPECT_EQ(fresh.on_proven(remote, 1, first, Another::none, kStart), Actions{admit(1)});
    EXPECT_EQ(fresh.on_proven(remote, 2, second, Another::none, kStart + 2s), kNothing);
    EXPECT_EQ(fresh.shown(remote), 1u);
    const LinkId goes = 3 - stays;
    EXPECT_EQ(fresh.on_time(kStart + 4s), Actions{drop(goes, PeerReason::lost_simultaneous_dial)});
    EXPECT_EQ(fresh.shown(remote), 1u) << "until it is gone";
    EXPECT_EQ(fresh.on_gone(remote, goes), stays == 2 ? Actions{admit(2)} : kNothing);
    EXPECT_EQ(fresh.shown(remote), stays);
    EXPECT_EQ(fresh.deadline(), std::nullopt);
    EXPECT_EQ(fresh.on_gone(remote, stays), kNothing);
    EXPECT_EQ(fresh.nodes(), 0u);
  }
}

// A Go node closes the one that completed second on its side.
TEST_F(DuplicateConnectionsTest, WhicheverTheRemoteClosesMeanwhileTheOtherOneStays) {
  for (const LinkId closed : {LinkId{1}, LinkId{2}}) {
    for (const NodeId& remote : {kLower, kHigher}) {
      DuplicateConnections held(kOwn);
      (void)held.on_proven(remote, 1, kIn, Another::expected, kStart);
      (void)held.on_proven(remote, 2, kOut, Another::none, kStart + 1s);
      EXPECT_EQ(held.on_gone(remote, closed), Actions{admit(3 - closed)});
      EXPECT_EQ(held.on_time(kStart + 1min), kNothing);

      DuplicateConnections shown(kOwn);
      (void)shown.on_proven(remote, 1, kIn, Another::none, kStart);
      (void)shown.on_proven(remote, 2, kOut, Another::none, kStart + 1s);
      EXPECT_EQ(shown.on_gone(remote, closed), closed == 1 ? Actions{admit(2)} : kNothing);
      EXPECT_EQ(shown.on_time(kStart + 1min), kNothing);
      EXPECT_EQ(shown.shown(remote), 3 - closed);
    }
  }
}

TEST_F(DuplicateConnectionsTest, AThirdIsRefusedWhileTwoAreThere) {
  (void)proven(kLower, 1, kIn, 0s, Another::expected);
  (void)proven(kLower, 2, kOut, 1s);
  EXPECT_EQ(proven(kLower, 3, kIn, 1s), Actions{drop(3, PeerReason::duplicate_id)});
  EXPECT_EQ(duplicates.on_gone(kLower, 3), kNothing);
  expect_deadline(3s);

  (void)proven(kHigher, 4, kIn, 1s);
  (void)proven(kHigher, 5, kIn, 1s);
  EXPECT_EQ(proven(kHigher, 6, kOut, 1s), Actions{drop(6, PeerReason::duplicate_id)});
}

TEST_F(DuplicateConnectionsTest, ASecondOfTheSameDirectionIsNotTheOneThatIsExpected) {
  (void)proven(kLower, 1, kIn, 0s, Another::expected);
  EXPECT_EQ(proven(kLower, 2, kIn, 1s), Actions{drop(2, PeerReason::duplicate_id)});
  EXPECT_EQ(time(2s), Actions{admit(1)});
}

struct SecondCase {
  Direction first, second;
  conn::Duration after;
};
// Later than a simultaneous dial can explain, or of the same direction.
const std::vector<SecondCase> kSecond = {
    {kIn, kIn, 0s}, {kOut, kOut, 1s}, {kIn, kOut, 2001ms}, {kOut, kIn, 3h}};

TEST_F(DuplicateConnectionsTest, ASecondConnectionGoesWhenTheFirstShowsLife) {
  for (const auto& [first, second, after] : kSecond) {
    DuplicateConnections fresh(kOwn);
    (void)fresh.on_proven(kLower, 1, first, Another::none, kStart);
    EXPECT_EQ(fresh.on_proven(kLower, 2, second, Another::none, kStart + after), Actions{probe(1)});
    EXPECT_EQ(fresh.shown(kLower), 1u);
    EXPECT_EQ(fresh.on_life(kLower, 1), Actions{drop(2, PeerReason::duplicate_id)});
    EXPECT_EQ(fresh.deadline(), std::nullopt);
    EXPECT_EQ(fresh.on_life(kLower, 1), kNothing) << "said again";
    EXPECT_EQ(fresh.on_gone(kLower, 2), kNothing);
    EXPECT_EQ(fresh.shown(kLower), 1u);
  }
}

TEST_F(DuplicateConnectionsTest, AFirstThatShowsNoLifeForTenSecondsIsReplaced) {
  for (const auto& [first, second, after] : kSecond) {
    DuplicateConnections fresh(kOwn);
    (void)fresh.on_proven(kLower, 1, first, Another::none, kStart);
    (void)fresh.on_proven(kLower, 2, second, Another::none, kStart + after);
    EXPECT_EQ(fresh.deadline(), kStart + after + 10s);
    EXPECT_EQ(fresh.on_time(kStart + after + 9999ms), kNothing);
    EXPECT_EQ(fresh.on_time(kStart + after + 10s), Actions{drop(1, PeerReason::replaced)});
    EXPECT_EQ(fresh.shown(kLower), 1u) << "until it is gone";
    EXPECT_EQ(fresh.on_life(kLower, 1), kNothing) << "too late";
    EXPECT_EQ(fresh.on_gone(kLower, 1), Actions{admit(2)});
    EXPECT_EQ(fresh.shown(kLower), 2u);
  }
}

TEST_F(DuplicateConnectionsTest, OnlyLifeOnTheOneThatWasProbedCounts) {
  (void)proven(kLower, 1, kIn, 0s);
  EXPECT_EQ(duplicates.on_life(kLower, 1), kNothing) << "nothing was asked";
  (void)proven(kLower, 2, kIn, 1s);
  EXPECT_EQ(duplicates.on_life(kLower, 2), kNothing);
  EXPECT_EQ(duplicates.on_life(kHigher, 1), kNothing);
  expect_deadline(11s);
}

TEST_F(DuplicateConnectionsTest, AFirstThatGoesWhileItIsProbedIsReplacedAtOnce) {
  (void)proven(kLower, 1, kIn, 0s);
  (void)proven(kLower, 2, kIn, 1s);
  EXPECT_EQ(duplicates.on_gone(kLower, 1), Actions{admit(2)});
  EXPECT_EQ(duplicates.deadline(), std::nullopt);
}

TEST_F(DuplicateConnectionsTest, ASecondThatGoesEndsTheProbe) {
  (void)proven(kLower, 1, kIn, 0s);
  (void)proven(kLower, 2, kIn, 1s);
  EXPECT_EQ(duplicates.on_gone(kLower, 2), kNothing);
  EXPECT_EQ(duplicates.deadline(), std::nullopt);
  EXPECT_EQ(time(1min), kNothing);
  EXPECT_EQ(duplicates.on_life(kLower, 1), kNothing);
}

TEST_F(DuplicateConnectionsTest, OneThatWasDroppedIsNeverAdmitted) {
  // By life.
  (void)proven(kLower, 1, kIn, 0s);
  (void)proven(kLower, 2, kIn, 1s);
  EXPECT_EQ(duplicates.on_life(kLower, 1), Actions{drop(2, PeerReason::duplicate_id)});
  EXPECT_EQ(duplicates.on_gone(kLower, 1), kNothing) << "both are gone or going";
  EXPECT_EQ(duplicates.nodes(), 0u);
  EXPECT_EQ(duplicates.on_gone(kLower, 2), kNothing);

  // By decision, against one that is shown.
  (void)proven(kLower, 3, kIn, 2s);
  (void)proven(kLower, 4, kOut, 2s);
  EXPECT_EQ(time(4s), Actions{drop(4, PeerReason::lost_simultaneous_dial)});
  EXPECT_EQ(duplicates.on_gone(kLower, 3), kNothing);
  EXPECT_EQ(duplicates.nodes(), 0u);

  // By decision between two that are held.
  (void)proven(kLower, 5, kIn, 5s, Another::expected);
  (void)proven(kLower, 6, kOut, 5s);
  EXPECT_EQ(time(7s), (Actions{drop(6, PeerReason::lost_simultaneous_dial), admit(5)}));
  EXPECT_EQ(duplicates.on_gone(kLower, 5), kNothing);
  EXPECT_EQ(duplicates.nodes(), 0u);
}

TEST_F(DuplicateConnectionsTest, ANewOneNeedNotWaitForOneThatWasDroppedBeforeItWasShown) {
  (void)proven(kLower, 1, kIn, 0s);
  (void)proven(kLower, 2, kIn, 3s);
  (void)duplicates.on_life(kLower, 1);
  EXPECT_EQ(proven(kLower, 3, kIn, 4s), Actions{probe(1)});
  EXPECT_EQ(duplicates.on_gone(kLower, 2), kNothing);
  expect_deadline(14s);
}

TEST_F(DuplicateConnectionsTest, OneThatComesWhileTheFirstIsBeingRemovedTakesItsPlace) {
  (void)proven(kLower, 1, kIn, 0s);
  (void)proven(kLower, 2, kIn, 1s);
  EXPECT_EQ(time(11s), Actions{drop(1, PeerReason::replaced)});
  EXPECT_EQ(duplicates.on_gone(kLower, 2), kNothing);
  EXPECT_EQ(proven(kLower, 3, kOut, 12s), kNothing)
      << "the first is neither probed nor dropped again";
  EXPECT_EQ(duplicates.deadline(), std::nullopt);
  EXPECT_EQ(proven(kLower, 4, kIn, 12s), Actions{drop(4, PeerReason::duplicate_id)});
  EXPECT_EQ(duplicates.on_gone(kLower, 1), Actions{admit(3)});
}

TEST_F(DuplicateConnectionsTest, TheDeadlineIsTheEarliestOfAllNodes) {
  (void)proven(kLower, 1, kIn, 0s);
  (void)proven(kLower, 2, kIn, 0s);
  expect_deadline(10s);
  (void)proven(kHigher, 3, kIn, 1s, Another::expected);
  expect_deadline(3s);
  EXPECT_EQ(time(1min), (Actions{drop(1, PeerReason::replaced), admit(3)})) << "all that is due";
}

TEST_F(DuplicateConnectionsTest, TheEndOfAnUnknownLinkHasNoEffect) {
  EXPECT_EQ(duplicates.on_gone(kLower, 1), kNothing);
  (void)proven(kLower, 1, kIn, 0s);
  EXPECT_EQ(duplicates.on_gone(kLower, 7), kNothing);
  EXPECT_EQ(duplicates.shown(kLower), 1u);
  EXPECT_EQ(duplicates.nodes(), 1u);
}

}  // namespace
}  // namespace peerage::p2p

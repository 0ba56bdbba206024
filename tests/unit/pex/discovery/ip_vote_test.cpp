#include "pex/discovery/ip_vote.h"

#include <gtest/gtest.h>

#include "tests/support/addresses.h"
#include "tests/support/discovery_nodes.h"

namespace peerage::pex {
namespace {

using namespace std::chrono_literals;

class IpVoteTest : public ::testing::Test {
 protected:
  std::optional<IpVote::Winner> vote(std::uint64_t id, const conn::IpAddress& from,
                                     const char* seen) {
    return votes.vote(test::enode_id(id), from, conn::Endpoint::parse(seen).value(), now);
  }
  std::optional<IpVote::Winner> vote(std::uint64_t id, const char* from, const char* seen) {
    return vote(id, test::ip(from), seen);
  }
  // A voter in a network of its own.
  std::optional<IpVote::Winner> vote(std::uint32_t id, const char* seen) {
    return vote(id, test::public_endpoint(id).ip, seen);
  }
  // What the round ends with; none: no change.
  std::optional<IpVote::Winner> end_round() {
    now = votes.next_deadline();
    const auto winners = votes.count(now);
    EXPECT_LE(winners.size(), 1u);
    return winners.empty() ? std::nullopt : std::optional(winners[0]);
  }
  // Beyond the first round.
  void win_a_round() {
    for (std::uint32_t i = 1; i < 3; ++i) ASSERT_FALSE(vote(i, "8.8.8.8:1111"));
    ASSERT_TRUE(vote(3, "8.8.8.8:1111"));
  }
  conn::TimePoint now{std::chrono::hours(5)};
  IpVote votes{{}, now};
};

TEST_F(IpVoteTest, TheFirstRoundEndsAtThreeVotesForOneAddress) {
  EXPECT_FALSE(vote(1, "8.8.8.8:30303"));
  EXPECT_FALSE(vote(2, "8.8.8.8:30303"));
  const auto winner = vote(3, "8.8.8.8:30303");
  ASSERT_TRUE(winner);
  EXPECT_EQ(winner->ip, test::ip("8.8.8.8"));
  EXPECT_EQ(winner->port, 30303);
  EXPECT_EQ(votes.voters(), 0u) << "then votes are cleared";
}

TEST_F(IpVoteTest, LaterRoundsEndEachFiveMinutes) {
  win_a_round();
  const auto ends = votes.next_deadline();
  EXPECT_EQ(ends, now + 5min);
  for (std::uint32_t i = 1; i <= 20; ++i) EXPECT_FALSE(vote(i, "9.9.9.9:30303"));
  EXPECT_TRUE(votes.count(ends - 1ns).empty());
  const auto winner = end_round();
  ASSERT_TRUE(winner);
  EXPECT_EQ(winner->ip, test::ip("9.9.9.9"));
  EXPECT_EQ(votes.voters(), 0u);
  EXPECT_FALSE(end_round()) << "without votes there is no change";
}

TEST_F(IpVoteTest, TwoVotesAreNotEnough) {
  vote(1, "8.8.8.8:30303");
  vote(2, "8.8.8.8:30303");
  EXPECT_FALSE(end_round());
}

TEST_F(IpVoteTest, AWinnerHasHalfAsManyVotesAgainAsTheNext) {
  win_a_round();
  for (std::uint32_t i = 1; i <= 5; ++i) vote(i, "8.8.8.8:30303");
  for (std::uint32_t i = 6; i <= 9; ++i) vote(i, "9.9.9.9:30303");
  EXPECT_FALSE(end_round()) << "5 to 4";
  for (std::uint32_t i = 1; i <= 6; ++i) vote(i, "8.8.8.8:30303");
  for (std::uint32_t i = 7; i <= 10; ++i) vote(i, "9.9.9.9:30303");
  EXPECT_TRUE(end_round()) << "6 to 4";
}

TEST_F(IpVoteTest, ANodeHasOneVoteAndTheLastCounts) {
  win_a_round();
  for (std::uint32_t i = 0; i < 10; ++i) vote(7, test::public_endpoint(i).ip, "9.9.9.9:30303");
  EXPECT_EQ(votes.voters(), 1u);
  vote(7, test::public_endpoint(50).ip, "8.8.8.8:30303");
  vote(8, "8.8.8.8:30303");
  vote(9, "8.8.8.8:30303");
  const auto winner = end_round();
  ASSERT_TRUE(winner);
  EXPECT_EQ(winner->ip, test::ip("8.8.8.8"));
}

TEST_F(IpVoteTest, ANetworkHasOneVoteAndTheLastCounts) {
  win_a_round();
  vote(1, "5.6.7.8", "9.9.9.9:30303");
  vote(2, "5.6.7.9", "8.8.8.8:30303");
  vote(1, "6.6.7.8", "8.8.8.8:30303");
  EXPECT_EQ(votes.voters(), 2u) << "the first node has moved, the second one's vote stands";
  vote(3, "8.8.8.8:30303");
  const auto winner = end_round();
  ASSERT_TRUE(winner);
  EXPECT_EQ(winner->ip, test::ip("8.8.8.8"));
}

TEST_F(IpVoteTest, AThousandIdsOfOneNetworkAreOneVoterAndThreeHonestNetworksWin) {
  std::optional<IpVote::Winner> winner;
  const auto attack = [&](std::uint32_t round) {
    for (std::uint32_t i = 0; i < 1'000; ++i) {
      const conn::IpAddress from = conn::IpAddress::v4(66, 6, 6, static_cast<std::uint8_t>(i));
      ASSERT_FALSE(vote(1'000 * round + i, from, "7.7.7.7:30303"));
    }
  };
  for (std::uint32_t honest = 1; honest <= 3; ++honest) {
    attack(honest);
    winner = vote(honest, "8.8.8.8:30303");
    EXPECT_EQ(winner.has_value(), honest == 3);
  }
  ASSERT_TRUE(winner);
  EXPECT_EQ(winner->ip, test::ip("8.8.8.8"));
}

TEST_F(IpVoteTest, ANetworkOfIPv6VotersIsA48) {
  for (int i = 0; i < 10; ++i) {
    const std::string from = "2a00:1:2:" + std::to_string(i) + "::1";
    EXPECT_FALSE(vote(static_cast<std::uint64_t>(i), from.c_str(), "[2a09::1]:30303"));
  }
  EXPECT_EQ(votes.voters(), 1u);
}

TEST_F(IpVoteTest, PrivateVotersCountEachForThemselves) {
  vote(1, "10.0.0.1", "10.0.0.9:30303");
  vote(2, "10.0.0.1", "10.0.0.9:30303");
  const auto winner = vote(3, "10.0.0.1", "10.0.0.9:30303");
  ASSERT_TRUE(winner);
  EXPECT_EQ(winner->ip, test::ip("10.0.0.9"));
}

TEST_F(IpVoteTest, APublicAddressBeatsAPrivateOne) {
  win_a_round();
  for (std::uint64_t i = 10; i < 30; ++i) vote(i, "10.0.0.1", "10.0.0.9:30303");
  for (std::uint32_t i = 1; i <= 3; ++i) vote(i, "8.8.8.8:30303");
  const auto winner = end_round();
  ASSERT_TRUE(winner);
  EXPECT_EQ(winner->ip, test::ip("8.8.8.8"));
}

TEST_F(IpVoteTest, NonsenseIsNotCounted) {
  for (const char* seen : {"127.0.0.1:30303", "169.254.1.1:30303", "0.0.0.0:30303",
                           "224.0.0.1:30303", "8.8.8.8:0", "203.0.113.1:30303"}) {
    vote(1, "10.0.0.1", seen);
    EXPECT_EQ(votes.voters(), 0u) << seen;
  }
  vote(1, "fd00::1", "[fe80::1]:30303");
  vote(1, "127.0.0.1", "127.0.0.1:30303");
  EXPECT_EQ(votes.voters(), 0u);
}

TEST_F(IpVoteTest, APublicVoterCannotSeeUsAtAPrivateAddress) {
  vote(1, "5.6.7.8", "10.0.0.9:30303");
  EXPECT_EQ(votes.voters(), 0u);
}

TEST_F(IpVoteTest, AFamilyThatTheVoterDidNotTalkInOrThatWeHaveNoSocketForIsNotCounted) {
  vote(1, "5.6.7.8", "[2a09::1]:30303");
  vote(1, "2a00::1", "8.8.8.8:30303");
  EXPECT_EQ(votes.voters(), 0u);
  IpVote v4_only({.limits = {}, .v4 = true, .v6 = false}, now);
  v4_only.vote(test::enode_id(1), test::ip("2a00::1"),
               conn::Endpoint::parse("[2a09::1]:30303").value(), now);
  EXPECT_EQ(v4_only.voters(), 0u);
}

TEST_F(IpVoteTest, EachFamilyIsCountedByItself) {
  for (std::uint32_t i = 1; i <= 2; ++i) {
    vote(i, "8.8.8.8:30303");
    const std::string from = "2a00:" + std::to_string(i) + "::1";
    vote(i, from.c_str(), "[2a09::1]:30304");
  }
  EXPECT_EQ(votes.voters(), 4u) << "a node may vote in both";
  EXPECT_EQ(vote(3, "8.8.8.8:30303")->ip, test::ip("8.8.8.8"));
  const auto winner = vote(3, "2a00:3::1", "[2a09::1]:30304");
  ASSERT_TRUE(winner);
  EXPECT_EQ(winner->ip, test::ip("2a09::1"));
}

TEST_F(IpVoteTest, ThePortIsKnownIfAllWinningVotesNameOne) {
  vote(1, "8.8.8.8:1000");
  vote(2, "8.8.8.8:1001");
  const auto winner = vote(3, "8.8.8.8:1000");
  ASSERT_TRUE(winner);
  EXPECT_EQ(winner->port, std::nullopt);
}

TEST_F(IpVoteTest, FurtherVotersThanTheBoundWaitForTheNextRound) {
  win_a_round();
  for (std::uint32_t i = 1; i <= 300; ++i) vote(i, "8.8.8.8:30303");
  EXPECT_EQ(votes.voters(), IpVote::kMostVoters);
  for (std::uint32_t i = 1'000; i <= 2'000; ++i) vote(i, "9.9.9.9:30303");
  EXPECT_EQ(end_round()->ip, test::ip("8.8.8.8"));
}

}  // namespace
}  // namespace peerage::pex

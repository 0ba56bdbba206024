#include "cmd/ctl/peer_history.h"

#include <string>

#include <gtest/gtest.h>

#include "p2p/base/peer_reason.h"

namespace peerage::cmd {
namespace {

using namespace std::chrono_literals;
using conn::NodeId;
using conn::Stage;
using p2p::PeerReason;

class PeerHistoryTest : public testing::Test {
 protected:
  PeerHistory history;
  conn::TimePoint now{1h};

  static NodeId id(std::size_t number) {
    std::string digits = std::to_string(number + 1);
    return *NodeId::parse(digits.insert(0, 40 - digits.size(), '0'));
  }
  void dial_fails(const NodeId& who, const std::string& detail = "") {
    p2p::DialFailed failed;
    failed.target = {who, "h", 1};
    failed.failure = {Stage::connect, conn::Reason::connection_refused, detail};
    history.on_event(failed, now);
  }
};

TEST_F(PeerHistoryTest, NothingIsKnownOfWhoWasNeverHeardOf) {
  EXPECT_EQ(history.failures_of(id(1)), nullptr);
  EXPECT_EQ(history.purpose_of(id(1)), nullptr);
  EXPECT_TRUE(history.ids().empty());
}

TEST_F(PeerHistoryTest, DialsAndArrivalsThatFailedAreKeptInTheirOrder) {
  using What = PeerHistory::Ended::What;
  dial_fails(id(1));
  now += 1s;
  const conn::Failure full = {Stage::admission, PeerReason::no_free_slot, ""};
  history.on_event(p2p::Refused{.remote = {}, .id = id(1), .failure = full}, now);
  history.on_event(p2p::Refused{.remote = {}, .id = {}, .failure = full}, now);
  const auto* failures = history.failures_of(id(1));
  ASSERT_NE(failures, nullptr);
  ASSERT_EQ(failures->size(), 2u);
  EXPECT_EQ(failures->front().what, What::dial);
  EXPECT_EQ(failures->back().what, What::arrival);
  EXPECT_EQ(failures->back().why.reason, PeerReason::no_free_slot);
  EXPECT_EQ(failures->back().when, now);
  EXPECT_EQ(history.ids(), std::set<NodeId>{id(1)})
      << "without an ID there is nobody to note it of";
}

TEST_F(PeerHistoryTest, OfANodeTheLatestFewAreKept) {
  for (int i = 0; i < 100; ++i) dial_fails(id(1), std::to_string(i));
  const auto* failures = history.failures_of(id(1));
  ASSERT_EQ(failures->size(), PeerHistory::kFailures);
  EXPECT_EQ(failures->front().why.detail, "95");
  EXPECT_EQ(failures->back().why.detail, "99");
}

TEST_F(PeerHistoryTest, OfManyNodesThoseGoThatWereHeardOfLongestAgo) {
  for (std::size_t i = 0; i < PeerHistory::kNodes; ++i) {
    dial_fails(id(i));
    now += 1s;
  }
  dial_fails(id(0));  // again, so that the second is the oldest
  now += 1s;
  for (std::size_t i = 0; i < 10; ++i) dial_fails(id(100'000 + i));
  EXPECT_EQ(history.ids().size(), PeerHistory::kNodes);
  EXPECT_NE(history.failures_of(id(0)), nullptr);
  for (std::size_t i = 1; i <= 10; ++i) EXPECT_EQ(history.failures_of(id(i)), nullptr) << i;
  EXPECT_NE(history.failures_of(id(11)), nullptr);
}

TEST_F(PeerHistoryTest, ManyAtOneMomentAreBoundedToo) {
  for (std::size_t i = 0; i < 3 * PeerHistory::kNodes; ++i) dial_fails(id(i));
  EXPECT_EQ(history.ids().size(), PeerHistory::kNodes);
}

}  // namespace
}  // namespace peerage::cmd

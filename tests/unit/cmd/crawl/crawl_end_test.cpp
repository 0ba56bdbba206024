// How a crawl ends, in virtual time: as soon as nothing more can come; and what it says of nodes
// that do not answer a request for addresses.
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "cmd/crawl/crawl.h"
#include "p2p/base/peer_reason.h"
#include "pex/exchange/messages.h"
#include "tests/support/pex_visitor.h"

namespace peerage::cmd {
namespace {

using namespace std::chrono_literals;
using conn::HostAddress;
using conn::NetAddress;
using conn::Reason;

constexpr const char* kNetwork = "net-1";

// Nodes of a network, each on a host of its own, that do with a request what a test wants.
struct CrawlEnd : testing::Test {
  using Answer = std::function<void(const p2p::PeerPtr&)>;

  sim::SimWorld world;
  sim::SimHost& host = world.add_host({conn::IpAddress::v4(127, 0, 0, 1)});
  std::vector<std::unique_ptr<test::SimNode>> nodes;
  conn::Duration took{0};

  test::SimNode& add(Answer answer, const std::string& network = kNetwork,
                     conn::ChannelDescriptor channel = pex::kChannel) {
    const auto number = static_cast<std::uint8_t>(nodes.size() + 1);
    auto reactor = std::make_shared<test::RecordingReactor>(
        std::vector{p2p::ReactorChannel::from(channel)}, p2p::Delivery::in_line);
    reactor->on_receive = [answer = std::move(answer)](const p2p::PeerPtr& peer,
                                                       const p2p::Message&) {
      if (answer) answer(peer);
    };
    p2p::SwitchConfig config = test::node_config();
    config.networks = {network};
    auto& at = world.add_host({conn::IpAddress::v4(8, number, 8, 8)});
    nodes.push_back(std::make_unique<test::SimNode>(at, number, config, std::move(reactor)));
    nodes.back()->start();
    world.run_for(10ms);
    return *nodes.back();
  }
  static Answer with(std::vector<NetAddress> addresses) {
    return [addresses = std::move(addresses)](const p2p::PeerPtr& peer) {
      peer->try_send(conn::kPexChannel, pex::encode_addresses(addresses));
    };
  }
  static NetAddress net_address(const test::SimNode& node) {
    const HostAddress at = node.address();
    return {at.id, {*conn::IpAddress::parse(at.host), at.port}};
  }
  static HostAddress dead(char digit) {
    return {*conn::NodeId::parse(std::string(40, digit)), "9.9.9.9", 26656};
  }

  CrawlResult crawl(std::vector<HostAddress> seeds, conn::Duration limit = 1min) {
    CrawlOptions options;
    options.network = kNetwork;
    options.seeds = std::move(seeds);
    Crawl crawl(host, conn::NodeKey::generate(), options);
    const conn::TimePoint began = world.now();
    crawl.start([](const conn::Result<void>& started) { ASSERT_TRUE(started); });
    const bool over = world.run_until([&] { return crawl.progress().over; }, limit);
    took = world.now() - began;
    std::optional<CrawlResult> result;
    crawl.finish(over ? CrawlResult::Ended::all_visited : CrawlResult::Ended::interrupted,
                 [&](CrawlResult found, const conn::Result<void>&) { result = std::move(found); });
    EXPECT_TRUE(world.run_until([&] { return result.has_value(); }, 1min));
    world.run_for(5s);
    return *result;
  }

  ~CrawlEnd() override {
    for (auto& node : nodes) node->stop();
    world.run_for(10s);
  }
};

TEST_F(CrawlEnd, IsAsSoonAsNothingMoreCanCome) {
  auto& second = add(with({}));
  auto& seed = add(with({net_address(second)}));
  const CrawlResult result = crawl({seed.address()});
  EXPECT_EQ(result.ended, CrawlResult::Ended::all_visited);
  EXPECT_LT(took, 3s);
  const CrawlSummary summary = summarise(result);
  EXPECT_EQ(summary.count(Outcome::reachable), 2u);
  EXPECT_EQ(summary.answered, 2u);
  EXPECT_EQ(summary.answers.usable, 1u);
  EXPECT_FALSE(nobody_answered(summary));
}

TEST_F(CrawlEnd, WaitsForEachSeed) {
  auto& one = add(with({}));
  auto& other = add(with({}));
  const CrawlResult result = crawl({one.address(), dead('a'), other.address()});
  EXPECT_EQ(summarise(result).answered, 2u);
  EXPECT_LT(took, 10s);
}

TEST_F(CrawlEnd, OfANodeThatDoesNotAnswerSaysSo) {
  auto& seed = add(nullptr);
  const CrawlResult result = crawl({seed.address()});
  const CrawlSummary summary = summarise(result);
  EXPECT_LT(took, 8s) << "the time of one visit is 5 s";
  ASSERT_EQ(result.rows.size(), 1u);
  EXPECT_EQ(result.rows.front().outcome, Outcome::reachable);
  EXPECT_FALSE(result.rows.front().answer);
  ASSERT_TRUE(result.rows.front().failure);
  EXPECT_EQ(result.rows.front().failure->reason, p2p::PeerReason::answer_timed_out);
  ASSERT_TRUE(nobody_answered(summary));
  EXPECT_EQ(nobody_answered(summary)->reason, p2p::PeerReason::answer_timed_out);
}

TEST_F(CrawlEnd, OfANodeThatClosesInsteadSaysSo) {
  test::SimNode* self = nullptr;
  auto& seed = add([&self](const p2p::PeerPtr& peer) { self->node->disconnect(peer->id()); });
  self = &seed;
  const CrawlResult result = crawl({seed.address()});
  ASSERT_EQ(result.rows.size(), 1u);
  ASSERT_TRUE(result.rows.front().failure);
  EXPECT_EQ(result.rows.front().failure->reason, Reason::closed_by_remote);
  EXPECT_EQ(nobody_answered(summarise(result))->reason, Reason::closed_by_remote);
}

TEST_F(CrawlEnd, OfANodeWithoutTheChannelSaysSo) {
  auto& seed = add(nullptr, kNetwork, {.id = test::kEcho});
  const CrawlResult result = crawl({seed.address()});
  EXPECT_EQ(result.rows.front().outcome, Outcome::reachable);
  ASSERT_TRUE(result.rows.front().failure);
  EXPECT_EQ(result.rows.front().failure->reason, Reason::no_common_channel);
  EXPECT_EQ(nobody_answered(summarise(result))->reason, Reason::no_common_channel);
  EXPECT_LT(took, 3s);
}

TEST_F(CrawlEnd, OfDeadSeedsIsSoon) {
  const CrawlResult result = crawl({dead('a'), dead('b')});
  EXPECT_LT(took, 8s);
  EXPECT_EQ(summarise(result).count(Outcome::reachable), 0u);
  EXPECT_TRUE(nobody_answered(summarise(result)));
}

TEST_F(CrawlEnd, AnAnswerWithoutAddressesIsOne) {
  auto& seed = add(with({}));
  const CrawlResult result = crawl({seed.address()});
  ASSERT_TRUE(result.rows.front().answer);
  EXPECT_EQ(result.rows.front().answer->usable, 0u);
  EXPECT_FALSE(nobody_answered(summarise(result)));
}

TEST_F(CrawlEnd, AddressesThatAStrictCrawlDoesNotVisitAreCounted) {
  const NetAddress lan{*conn::NodeId::parse(std::string(40, 'e')),
                       {conn::IpAddress::v4(192, 168, 1, 2), 26656}};
  auto& seed = add(with({lan}));
  const CrawlResult result = crawl({seed.address()});
  EXPECT_EQ(summarise(result).answers.usable, 1u);
  EXPECT_EQ(summarise(result).answers.unroutable, 1u);
  EXPECT_LT(took, 3s);
}

TEST_F(CrawlEnd, WhatEndedBeforeAnybodyAnsweredSaysSo) {
  auto& seed = add(nullptr);
  const CrawlResult result = crawl({seed.address()}, 1s);
  EXPECT_EQ(result.ended, CrawlResult::Ended::interrupted);
  EXPECT_TRUE(nobody_answered(summarise(result)));
}

}  // namespace
}  // namespace peerage::cmd

#include "p2p/connect/dial_attempt.h"

#include <memory>
#include <optional>
#include <vector>

#include <gtest/gtest.h>

#include "p2p/connect/upgrade.h"
#include "tests/sim/sim_world.h"
#include "tests/support/peers.h"

namespace peerage::p2p {
namespace {

using namespace std::chrono_literals;
using conn::IpAddress;
using conn::Reason;
using conn::Stage;
using Reports = DialPlan::Reports;

NodeInfo info_of(const std::string& network) {
  NodeInfo info;
  info.listen_addr = "tcp://0.0.0.0:26656";
  info.network = network;
  info.version = "1";
  info.moniker = "node";
  info.channels = {conn::ChannelId{0x20}};
  return info;
}

// A node that upgrades whoever comes.
class Remote {
 public:
  Remote(sim::SimHost& host, conn::NodeKey key, const std::string& network)
      : host_(host), key_(std::move(key)), network_(network) {
    listener_ =
        std::move(*host.listen(host.shard(0), {host.address(), 26656}, [this](auto arrival) {
          HandshakePlan plan;
          plan.ours = info_of(network_);
          plan.deadline = host_.shard(0).now() + 5s;
          came_from.push_back(arrival->remote_endpoint().ip);
          upgrades_.push_back(
              Upgrade::start(host_.shard(0), arrival->claim(host_.shard(0)),
                             Handshake(key_, test::ephemeral_from(0x77), std::move(plan)),
                             [](const conn::Result<Upgraded>&, const UpgradeReport&) {}));
        }));
  }
  std::vector<IpAddress> came_from;

 private:
  sim::SimHost& host_;
  const conn::NodeKey key_;
  const std::string network_;
  std::unique_ptr<conn::Listener> listener_;
  std::vector<std::unique_ptr<conn::Pending>> upgrades_;
};

struct Dialling : testing::Test {
  sim::SimWorld world{3};
  sim::SimHost& here = world.add_host({IpAddress::v4(10, 0, 0, 1)});
  sim::SimHost& there = world.add_host({IpAddress::v4(10, 1, 0, 1)});
  sim::SimHost& elsewhere = world.add_host({IpAddress::v4(10, 2, 0, 1)});
  std::shared_ptr<Upgrader> upgrader = std::make_shared<CometUpgrader>(
      here, std::make_shared<const conn::NodeKey>(test::key_from(1)));
  DialPlan plan;
  std::vector<Stage> stages;
  AttemptReport report;

  Dialling() {
    plan.host = "10.1.0.1";
    plan.port = 26656;
    plan.expected = test::key_from(2).id();
    plan.ours = info_of("net-1");
  }
  std::unique_ptr<conn::Pending> start(DialAttempt::Done done) {
    return DialAttempt::start(here, here.shard(0), upgrader, plan, std::move(done),
                              [this](Stage stage) { stages.push_back(stage); });
  }
  // The ID of who is there, or the failure.
  conn::Result<conn::NodeId> dial() {
    std::optional<conn::Result<conn::NodeId>> outcome;
    stages.clear();
    const auto running = start([&](const conn::Result<Upgraded>& upgraded, const auto& told) {
      report = told;
      outcome = upgraded.map([&](const auto&) { return *told.upgrade.remote_id; });
    });
    EXPECT_FALSE(outcome);
    EXPECT_TRUE(world.run_until([&] { return outcome.has_value(); }, 60s));
    return *outcome;
  }
  Reason why() {
    const auto outcome = dial();
    return outcome ? Reason::stopped_locally : outcome.error().reason;
  }
  Remote right(sim::SimHost& host) { return {host, test::key_from(2), "net-1"}; }
};

TEST_F(Dialling, TellsEachStageAndHowLongItTook) {
  const Remote remote = right(there);
  world.set_name("node.test", std::vector{there.address()});
  plan.host = "node.test";
  ASSERT_TRUE(dial());
  EXPECT_EQ(stages, (std::vector{Stage::connect, Stage::key_exchange, Stage::authentication,
                                 Stage::node_info, Stage::established}));
  EXPECT_EQ(report.resolved, 1ms);
  EXPECT_EQ(report.connected, 2ms);
  EXPECT_TRUE(report.upgrade.node_info_received);
  EXPECT_EQ(report.remote, (conn::Endpoint{there.address(), 26656}));
}

TEST_F(Dialling, ReportsTheStagesThatWereCompletedWhenOneFails) {
  EXPECT_EQ(why(), Reason::connection_refused);
  EXPECT_EQ(stages, std::vector{Stage::connect});
  EXPECT_TRUE(report.resolved);
  EXPECT_FALSE(report.connected);
  plan.host = "missing.test";
  EXPECT_EQ(why(), Reason::name_not_found);
  EXPECT_TRUE(stages.empty());
  EXPECT_FALSE(report.resolved);
  EXPECT_FALSE(report.remote);
}

TEST_F(Dialling, TriesTheAddressesOfANameUntilTheRightNodeAnswers) {
  const Remote wrong(there, test::key_from(7), "net-1"), remote = right(elsewhere);
  world.set_name("node.test",
                 std::vector{IpAddress::v4(10, 9, 9, 9), there.address(), elsewhere.address()});
  plan.host = "node.test";
  ASSERT_TRUE(dial());
  EXPECT_EQ(report.remote->ip, elsewhere.address());
  EXPECT_EQ(report.upgrade.remote_id, test::key_from(2).id());
}

// The node may be the one that is not up: it is worth another dial soon, whoever answers elsewhere.
TEST_F(Dialling, WhenNoneIsRightTheOneThatGotLeastFarIsReportedOrIfSoPlannedFurthest) {
  const Remote wrong(there, test::key_from(7), "net-1");
  const auto nobody = IpAddress::v4(10, 9, 9, 9);
  plan.host = "node.test";
  for (const auto& order : {std::vector{nobody, there.address(), elsewhere.address()},
                            std::vector{there.address(), elsewhere.address(), nobody},
                            std::vector{elsewhere.address(), nobody, there.address()}}) {
    world.set_name("node.test", order);
    plan.reports = Reports::least_far;
    const Reason least = why();
    EXPECT_TRUE(least == Reason::unreachable || least == Reason::connection_refused);
    EXPECT_NE(report.remote->ip, there.address()) << "the report is of the same address";
    EXPECT_FALSE(report.upgrade.remote_id);
    plan.reports = Reports::furthest;
    EXPECT_EQ(why(), Reason::wrong_id);
    EXPECT_EQ(report.remote->ip, there.address());
    EXPECT_EQ(report.upgrade.remote_id, test::key_from(7).id());
  }
}

// A name that stands for all nodes of a service stands for ourselves, too.
TEST_F(Dialling, AnAddressThatLeadsToOurselvesIsPassedOver) {
  const Remote ourselves(there, test::key_from(1), "net-1");
  plan.host = "node.test";
  world.set_name("node.test", std::vector{there.address(), elsewhere.address()});
  {
    const Remote remote = right(elsewhere);
    ASSERT_TRUE(dial());
    EXPECT_EQ(report.remote->ip, elsewhere.address());
  }
  for (const Reports reports : {Reports::least_far, Reports::furthest}) {
    plan.reports = reports;
    world.set_name("node.test", std::vector{there.address(), elsewhere.address()});
    EXPECT_EQ(why(), Reason::connection_refused) << "the other may come up";
    world.set_name("node.test", std::vector{elsewhere.address(), there.address()});
    EXPECT_EQ(why(), Reason::connection_refused);
    world.set_name("node.test", std::vector{there.address(), there.address()});
    EXPECT_EQ(why(), Reason::connected_to_self);
  }
}

TEST_F(Dialling, WithoutAnExpectedIdWhoeverAnswersIsRight) {
  const Remote remote(there, test::key_from(7), "net-1");
  plan.expected.reset();
  const auto id = dial();
  ASSERT_TRUE(id);
  EXPECT_EQ(*id, test::key_from(7).id());
}

TEST_F(Dialling, EndsAtItsDeadlineWhateverTheStage) {
  sim::LinkPlan silent;
  silent.connect = sim::LinkPlan::Connect::ignored;
  world.set_default_link(silent);
  plan.deadline = here.shard(0).now() + 700ms;
  EXPECT_EQ(why(), Reason::connect_timed_out);
  EXPECT_LE(here.shard(0).now(), plan.deadline + 10ms);

  plan.deadline = here.shard(0).now() + 700ms;
  world.set_name("hangs.test", std::nullopt);
  plan.host = "hangs.test";
  EXPECT_EQ(why(), Reason::name_lookup_timed_out);
  EXPECT_LE(here.shard(0).now(), plan.deadline + 10ms);
}

TEST_F(Dialling, CallsNobodyOnceItIsAbandoned) {
  const Remote remote = right(there);
  auto running = start([](const auto&, const auto&) { ADD_FAILURE(); });
  world.run_for(3ms);
  const auto before = stages;
  running.reset();
  world.run_for(20s);
  EXPECT_EQ(stages, before);
}

// As whoever dials again and again does.
TEST_F(Dialling, MayBeginAnewWhereItEnds) {
  std::unique_ptr<conn::Pending> running;
  int ended = 0;
  std::function<void()> again = [&] {
    running = start([&](const auto& outcome, const auto&) {
      EXPECT_FALSE(outcome);
      if (++ended < 3) again();
    });
  };
  again();
  EXPECT_TRUE(world.run_until([&] { return ended == 3; }, 10s));
}

}  // namespace
}  // namespace peerage::p2p

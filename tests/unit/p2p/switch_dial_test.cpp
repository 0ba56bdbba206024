// Dialling over days: persistent peers, names, partitions, vanished peers, jumping clocks.
#include "p2p/base/peer_reason.h"
#include "tests/support/switch_fixture.h"

namespace peerage::p2p {
namespace {

using conn::Bytes;
using conn::IpAddress;
using conn::Reason;
using test::kEcho;
using test::node_config;
using test::SimNode;
using namespace std::chrono_literals;

struct SwitchDial : test::SwitchFixture {
  SimNode& add_with_persistent(const std::string& list) {
    SwitchConfig config = node_config();
    config.p2p.persistent_peers = *conn::parse_host_addresses(list);
    return add(config);
  }
  std::string key_id(std::uint32_t number) { return test::numbered_key(number).id().to_string(); }
};

TEST_F(SwitchDial, APersistentPeerThatIsDownForAWeekCostsLittleAndIsBackWithinAMinute) {
  SimNode& a = add_with_persistent(key_id(2) + "@10.2.0.1:26656");
  world.run_for(24h * 7);
  const auto dials = a.events<Dialled>().size();
  EXPECT_GT(dials, 24u * 7 * 60);           // at least once a minute
  EXPECT_LT(dials, 24u * 7 * 60 * 2 + 20);  // and not twice
  SimNode& b = add();
  ASSERT_EQ(b.id(), test::numbered_key(2).id());
  EXPECT_TRUE(until([&] { return connected(a, b); }, 60s));
  EXPECT_TRUE(a.peer(b)->persistent());
}

TEST_F(SwitchDial, TheLongestPauseIsTheOneThatIsConfigured) {
  SwitchConfig config = node_config();
  config.p2p.persistent_peers_max_dial_period = 5s;
  config.p2p.persistent_peers = *conn::parse_host_addresses(key_id(2) + "@10.2.0.1:26656");
  SimNode& a = add(config);
  world.run_for(1h);
  EXPECT_GT(a.events<Dialled>().size(), 3600u / 5);
}

TEST_F(SwitchDial, ANodeThatAcceptsAndClosesAtOnceIsDialledAtMost20TimesIn2Minutes) {
  sim::SimHost& rude = world.add_host({IpAddress::v4(10, 50, 0, 1)});
  std::vector<std::unique_ptr<conn::Stream>> accepted;
  auto listener = rude.listen(rude.shard(0), {rude.address(), 26656},
                              [&](std::unique_ptr<conn::Arrival> arrival) {
                                accepted.push_back(arrival->claim(rude.shard(0)));
                                accepted.back()->close();
                              });
  SimNode& a = add_with_persistent(key_id(9) + "@10.50.0.1:26656");
  world.run_for(2min);
  EXPECT_LE(accepted.size(), 20u);
  EXPECT_GE(accepted.size(), 5u);
  world.run_for(10min);
  EXPECT_LE(a.events<Dialled>().size(), 40u);
  listener->reset();
}

TEST_F(SwitchDial, ANameIsLookedUpAtEveryDialSoThatAPeerIsFoundAtItsNewAddress) {
  world.set_name("sentry.example", std::vector{IpAddress::v4(10, 2, 0, 1)});
  SimNode& a = add_with_persistent(key_id(2) + "@sentry.example:26656");
  SimNode& b = add();
  ASSERT_TRUE(until([&] { return connected(a, b); }));
  b.stop();
  ASSERT_TRUE(until([&] { return b.stopped && a.peers() == 0; }));
  sim::SimHost& elsewhere = world.add_host({IpAddress::v4(10, 77, 0, 1)});
  SimNode moved(elsewhere, 2);
  moved.start();
  world.set_name("sentry.example", std::vector{elsewhere.address()});
  EXPECT_TRUE(until([&] { return a.peer(b) != nullptr; }, 60s));
  EXPECT_EQ(a.peer(b)->socket().ip, elsewhere.address());
  moved.stop();
  until([&] { return moved.stopped; });
}

TEST_F(SwitchDial, AllAddressesOfANameAreTriedUntilOneAnswersAsTheNodeMeant) {
  // No machine, one that does not answer, another node, and then the right one.
  world.set_name("many.example",
                 std::vector{IpAddress::v4(10, 200, 0, 1), IpAddress::v4(10, 201, 0, 1),
                             IpAddress::v4(10, 3, 0, 1), IpAddress::v4(10, 2, 0, 1)});
  SimNode& a = add_with_persistent(key_id(2) + "@many.example:26656");
  SimNode& b = add();
  add();  // the other node, at 10.3.0.1
  EXPECT_TRUE(until([&] { return connected(a, b); }, 30s));
}

// Whoever else is behind it: the one that is meant was down, and its return is what counts.
TEST_F(SwitchDial, ANodeBehindANameOfManyIsReachedSoonAfterItsComingUp) {
  const auto place = [](std::uint8_t number) { return IpAddress::v4(10, number, 0, 1); };
  world.set_name("we-first.example", std::vector{place(1), place(3), place(4)});
  world.set_name("we-last.example", std::vector{place(4), place(3), place(2)});
  SimNode& a = add_with_persistent(key_id(4) + "@we-first.example:26656");
  SimNode& b = add_with_persistent(key_id(4) + "@we-last.example:26656");
  add();
  world.run_for(2min);
  EXPECT_EQ(a.peers() + b.peers(), 0u);
  SimNode& later = add();
  EXPECT_TRUE(until([&] { return connected(a, later) && connected(b, later); }, 15s));
}

TEST_F(SwitchDial, TroubleWithNamesNeitherStopsTheStartNorTheRetries) {
  std::vector<IpAddress> crowd;
  for (int i = 0; i < 300; ++i) {
    crowd.push_back(IpAddress::v4(172, 20, static_cast<std::uint8_t>(i / 250),
                                  static_cast<std::uint8_t>(1 + i % 250)));
  }
  world.set_name("hangs.example", std::nullopt);
  world.set_name("empty.example", std::vector<IpAddress>{});
  world.set_name("crowd.example", crowd);
  SimNode& a = add_with_persistent(
      key_id(7) + "@nowhere.example:1," + key_id(8) + "@hangs.example:1," + key_id(9) +
      "@empty.example:1," + key_id(10) + "@crowd.example:1," + key_id(2) + "@later.example:26656");
  SimNode& b = add();
  world.run_for(1min);
  std::map<std::string, Reason> reasons;
  for (const auto& failed : a.events<DialFailed>()) {
    reasons[failed.target.host] = failed.failure.reason;
  }
  EXPECT_EQ(reasons["nowhere.example"], Reason::name_not_found);
  EXPECT_EQ(reasons["hangs.example"], Reason::name_lookup_timed_out);
  EXPECT_EQ(reasons["empty.example"], Reason::name_not_found);
  EXPECT_EQ(reasons["crowd.example"], Reason::unreachable);
  world.set_name("later.example", std::vector{ip_of(b)});
  EXPECT_TRUE(until([&] { return connected(a, b); }, 60s));
}

TEST_F(SwitchDial, AVanishedPeerIsDroppedWithin105SecondsAndIsBackAfterTheHealing) {
  SimNode& a = add_with_persistent(key_id(2) + "@10.2.0.1:26656");
  SimNode& b = add();
  ASSERT_TRUE(until([&] { return connected(a, b); }, 60s));
  world.run_for(5min);
  black_hole(a, b);
  EXPECT_TRUE(until([&] { return a.peers() == 0 && b.peers() == 0; }, 106s));
  EXPECT_EQ(a.reactor->last_reason().reason, Reason::pong_timed_out);
  world.run_for(1h);
  heal(a, b);
  EXPECT_TRUE(until([&] { return connected(a, b); }, 60s));
}

TEST_F(SwitchDial, ALostLongLivedPeerIsDialledAgain) {
  SwitchConfig config = node_config();
  config.p2p.max_num_outbound_peers = 2;
  SimNode& a = add(config);
  SimNode& b = add();
  ASSERT_TRUE(connect(a, b));
  world.run_for(kLongLived + 1min);
  world.reset(ip_of(a), ip_of(b));
  ASSERT_TRUE(until([&] { return a.peers() == 0; }));
  EXPECT_TRUE(until([&] { return connected(a, b); }, 10s));
  const auto dialled = a.events<Dialled>();
  EXPECT_EQ(dialled.back().purpose, DialPurpose::sticky);
}

TEST_F(SwitchDial, WhoeverFillsItsSlotMeanwhileIsDisconnectedWhenItIsBack) {
  SwitchConfig config = node_config();
  config.p2p.max_num_outbound_peers = 1;
  SimNode& a = add(config);
  SimNode& b = add();
  SimNode& c = add();
  ASSERT_TRUE(connect(a, b));
  world.run_for(kLongLived + 1min);
  world.reset(ip_of(a), ip_of(b));
  ASSERT_TRUE(until([&] { return a.peers() == 0; }));
  a.node->dial(c.address());
  ASSERT_TRUE(until([&] { return connected(a, b); }, 10s));
  ASSERT_TRUE(until([&] { return a.peers() == 1; }, 10s));
  EXPECT_TRUE(connected(a, b));
  const auto gone = a.events<Gone>();
  EXPECT_EQ(gone.back().peer->id(), c.id());
  EXPECT_EQ(gone.back().ended_by, conn::EndedBy::us);
}

TEST_F(SwitchDial, APeerThatWeStoppedIsNotRedialled) {
  SimNode& a = add();
  SimNode& b = add();
  ASSERT_TRUE(connect(a, b));
  world.run_for(kLongLived + 1min);
  a.node->stop_peer(b.id(), {conn::Stage::established, PeerReason::misbehaved, "lies"});
  world.run_for(1h);
  EXPECT_EQ(a.events<Dialled>().size(), 1u);
}

TEST_F(SwitchDial, NorOneThatWeDisconnectedAndThatDidNotReadOurLastMessages) {
  SimNode& a = add();
  SimNode& b = add();
  ASSERT_TRUE(connect(a, b));
  world.run_for(kLongLived + 1min);
  black_hole(a, b);
  a.peer(b)->try_send(kEcho, Bytes(900'000, 1));
  a.node->disconnect(b.id());
  ASSERT_TRUE(until([&] { return a.peers() == 0; }));
  EXPECT_EQ(a.events<Gone>().back().why.reason, Reason::flush_timed_out);
  EXPECT_EQ(a.events<Gone>().back().ended_by, conn::EndedBy::us);
  heal(a, b);
  world.run_for(1h);
  EXPECT_EQ(a.events<Dialled>().size(), 1u);
}

TEST_F(SwitchDial, PersistentPeersComeAndGoWhileTheNodeRuns) {
  SimNode& a = add();
  SimNode& b = add();
  a.node->add_persistent_peer(b.address());
  ASSERT_TRUE(until([&] { return connected(a, b); }));
  EXPECT_TRUE(a.peer(b)->persistent());
  a.node->remove_persistent_peer(b.id());
  world.run_for(1s);
  EXPECT_FALSE(a.peer(b)->persistent());
  EXPECT_TRUE(connected(a, b));
  world.reset(ip_of(a), ip_of(b));
  world.run_for(10min);
  EXPECT_EQ(a.peers(), 0u);
}

TEST_F(SwitchDial, APersistentPeerThatDialsUsIsRecognisedByItsId) {
  SimNode& a = add_with_persistent(key_id(2) + "@nowhere.example:26656");
  SimNode& b = add();
  ASSERT_TRUE(connect(b, a));
  EXPECT_TRUE(a.peer(b)->persistent());
  EXPECT_EQ(a.node->snapshot()->inbound, 0u);
  const auto dials = a.events<Dialled>().size();
  world.run_for(1h);
  EXPECT_EQ(a.events<Dialled>().size(), dials);
}

TEST_F(SwitchDial, ANetworkThatWasSplitForSixHoursIsWholeAgainWithinFiveMinutes) {
  constexpr std::uint32_t kNodes = 30;
  std::vector<std::string> lists(kNodes);
  for (std::uint32_t i = 0; i < kNodes; ++i) {
    for (const std::uint32_t step : {1u, 7u}) {
      const std::uint32_t to = (i + step) % kNodes;
      lists[i] += key_id(to + 1) + "@10." + std::to_string(to + 1) + ".0.1:26656,";
    }
  }
  for (std::uint32_t i = 0; i < kNodes; ++i) add_with_persistent(lists[i]);
  const auto whole = [&] {
    // Every node has both of its persistent peers.
    for (std::uint32_t i = 0; i < kNodes; ++i) {
      for (const std::uint32_t step : {1u, 7u}) {
        if (!nodes[i]->peer(*nodes[(i + step) % kNodes])) return false;
      }
    }
    return true;
  };
  ASSERT_TRUE(until(whole, 2min));
  for (auto& node : nodes) node->all_events.clear();
  for (std::uint32_t i = 0; i < kNodes / 2; ++i) {
    for (std::uint32_t j = kNodes / 2; j < kNodes; ++j) black_hole(*nodes[i], *nodes[j]);
  }
  world.run_for(6h);
  EXPECT_FALSE(whole());
  for (const auto& node : nodes) {
    EXPECT_LE(node->events<Dialled>().size(), 6u * 3600 * 2);  // 2 a second
  }
  for (std::uint32_t i = 0; i < kNodes / 2; ++i) {
    for (std::uint32_t j = kNodes / 2; j < kNodes; ++j) heal(*nodes[i], *nodes[j]);
  }
  EXPECT_TRUE(until(whole, 5min));
}

TEST_F(SwitchDial, AWallClockThatJumpsChangesNothing) {
  SimNode& a = add_with_persistent(key_id(2) + "@10.2.0.1:26656");
  SimNode& b = add();
  SimNode& c = add();
  ASSERT_TRUE(until([&] { return connected(a, b); }, 60s));
  a.node->ban(c.id(), 1h, "a test");
  const auto now = hosts[0]->wall_now();
  const auto before = a.reactor->removes();
  for (const auto jump : {1h, -1h, 24h, -24h, 24h * 3652}) {
    world.set_wall_clock(now + jump);
    world.run_for(5min);
    EXPECT_TRUE(connected(a, b));
    c.node->dial(a.address());
    world.run_for(5s);
    EXPECT_EQ(a.refusal(), PeerReason::banned);
  }
  world.set_wall_clock(conn::WallTime{});
  world.run_for(40min);
  EXPECT_EQ(a.reactor->removes(), before);
  // The ban ends after an hour of time that has really passed.
  EXPECT_TRUE(connect(c, a));
}

}  // namespace
}  // namespace peerage::p2p

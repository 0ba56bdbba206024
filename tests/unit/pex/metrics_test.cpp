// The metrics of whole nodes: what a scrape of them says.
#include "pex/metrics.h"

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/addresses.h"
#include "tests/support/pex_visitor.h"
#include "tests/unit/pex/metrics_fixture.h"

namespace peerage::pex {
namespace {

using conn::Result;
using test::kEcho;
using test::MetricLines;
using namespace std::chrono_literals;

using MetricsTest = MetricsFixture;

TEST_F(MetricsTest, ASeedsScrapeHasEveryFamily) {
  NodeConfig config = plain();
  config.role = Role::seed;
  config.book_file = folder / "seed.db";
  Member& seed = start(1, config);
  config = plain();
  config.seeds = {seed.address()};
  start(2, config);
  start(3, config);
  world.run_for(3min);
  const MetricLines lines = scrape(seed);
  const std::vector<std::pair<std::string, std::string>> families = {
      {"cometbft_p2p_peers", "gauge"},
      {"cometbft_p2p_message_receive_bytes_total", "counter"},
      {"cometbft_p2p_message_send_bytes_total", "counter"},
      {"peerage_peers", "gauge"},
      {"peerage_peer_slots", "gauge"},
      {"peerage_peer_slots_used", "gauge"},
      {"peerage_persistent_peers_down", "gauge"},
      {"peerage_peer_metrics_suppressed", "gauge"},
      {"peerage_wire_bytes_total", "counter"},
      {"peerage_limiter_wait_seconds_total", "counter"},
      {"peerage_messages_total", "counter"},
      {"peerage_message_bytes_total", "counter"},
      {"peerage_send_refused_total", "counter"},
      {"peerage_inbox_dropped_total", "counter"},
      {"peerage_inbox_paused_total", "counter"},
      {"peerage_send_queue_bytes", "gauge"},
      {"peerage_inbox_bytes", "gauge"},
      {"peerage_reassembly_bytes", "gauge"},
      {"peerage_frame_bytes", "gauge"},
      {"peerage_inbox_wait_seconds", "histogram"},
      {"peerage_reactor_receive_seconds", "histogram"},
      {"peerage_reactor_failures_total", "counter"},
      {"peerage_dials_total", "counter"},
      {"peerage_dials_in_flight", "gauge"},
      {"peerage_accepted_total", "counter"},
      {"peerage_refused_at_accept_total", "counter"},
      {"peerage_probes_total", "counter"},
      {"peerage_handshakes_in_flight", "gauge"},
      {"peerage_handshake_stage_seconds", "histogram"},
      {"peerage_disconnects_total", "counter"},
      {"peerage_connection_lifetime_seconds", "histogram"},
      {"peerage_evictions_total", "counter"},
      {"peerage_bans_total", "counter"},
      {"peerage_bans", "gauge"},
      {"peerage_round_trip_seconds", "histogram"},
      {"peerage_book_addresses", "gauge"},
      {"peerage_book_buckets_used", "gauge"},
      {"peerage_book_changes_total", "counter"},
      {"peerage_pex_requests_total", "counter"},
      {"peerage_pex_answers_total", "counter"},
      {"peerage_pex_addresses_total", "counter"},
      {"peerage_visits_total", "counter"},
      {"peerage_visits_in_flight", "gauge"},
      {"peerage_visits_due", "gauge"},
      {"peerage_store_queue_rows", "gauge"},
      {"peerage_store_last_success_timestamp_seconds", "gauge"},
      {"peerage_store_batch_rows", "histogram"},
      {"peerage_store_flush_seconds", "histogram"},
      {"peerage_store_errors_total", "counter"},
      {"peerage_store_file_bytes", "gauge"},
      {"peerage_store_wal_bytes", "gauge"},
      {"peerage_shard_loop_lag_seconds", "histogram"},
  };
  for (const auto& [name, type] : families) EXPECT_EQ(lines.type_of(name), type) << name;

  const auto chain = [](test::MetricLabels labels) {
    labels["chain_id"] = "test-chain";
    return labels;
  };
  EXPECT_GE(*lines.value("peerage_visits_total", chain({{"result", "verified"}})), 2);
  EXPECT_GE(*lines.value("peerage_dials_total", {{"purpose", "visit"}, {"result", "ok"}}), 2);
  EXPECT_EQ(lines.sum("peerage_book_addresses", chain({{"age", "2h"}})), 2) << "both are verified";
  EXPECT_EQ(lines.sum("peerage_book_addresses"), 2);
  EXPECT_GE(*lines.value("peerage_book_changes_total", chain({{"change", "added"}})), 2);
  for (const char* change : {"heard", "refused", "promoted", "demoted", "expired", "forgotten"}) {
    EXPECT_TRUE(lines.value("peerage_book_changes_total", chain({{"change", change}}))) << change;
  }
  EXPECT_GE(*lines.value("peerage_pex_requests_total",
                         {{"direction", "inbound"}, {"outcome", "answered"}}),
            2);
  EXPECT_GE(*lines.value("peerage_store_file_bytes"), 4096);
  EXPECT_GE(*lines.value("peerage_store_batch_rows_count"), 1);
  EXPECT_GT(*lines.value("peerage_store_last_success_timestamp_seconds"), 1e9);
  EXPECT_GT(*lines.value("cometbft_p2p_message_send_bytes_total",
                         chain({{"message_type", "p2p_PexAddrs"}})),
            0);
  EXPECT_GT(*lines.value("cometbft_p2p_message_receive_bytes_total",
                         chain({{"message_type", "p2p_PexRequest"}})),
            0);
  for (const char* stage :
       {"connect", "key_exchange", "authentication", "node_info", "admission"}) {
    const auto timed = lines.value("peerage_handshake_stage_seconds_count",
                                   {{"direction", "outbound"}, {"stage", stage}});
    EXPECT_GE(*timed, 2) << stage;
  }
  EXPECT_EQ(lines.count_with("peer_id", members[1]->node->id().to_string()), 0u)
      << "a seed has no series of each peer";
  EXPECT_EQ(*lines.value("peerage_peer_metrics_suppressed"), 0);
}

// A dashboard's rate of a series that is not there yet misses its first events.
TEST_F(MetricsTest, WhatHasNoReasonIsThereWithZeroBeforeAnythingHasHappened) {
  NodeConfig config = plain();
  config.role = Role::seed;
  config.book_file = folder / "seed.db";
  const MetricLines lines = scrape(start(1, config, echo({"app_Block"})));
  EXPECT_EQ(lines.value("cometbft_p2p_peers"), 0);
  for (const char* type : {"app_Block", "p2p_PexAddrs", "p2p_PexRequest"}) {
    EXPECT_EQ(lines.value("cometbft_p2p_message_send_bytes_total", {{"message_type", type}}), 0);
  }
  const std::vector<std::pair<std::string, std::size_t>> zeros = {
      {"peerage_peers", 6},
      {"peerage_dials_total", 10},
      {"peerage_dials_in_flight", 1},
      {"peerage_persistent_peers_down", 1},
      {"peerage_accepted_total", 1},
      {"peerage_refused_at_accept_total", 6},
      {"peerage_handshakes_in_flight", 2},
      {"peerage_handshake_stage_seconds_count", 10},
      {"peerage_connection_lifetime_seconds_count", 2},
      {"peerage_evictions_total", 1},
      {"peerage_bans_total", 4},
      {"peerage_bans", 3},
      {"peerage_round_trip_seconds_count", 1},
      {"peerage_wire_bytes_total", 2},
      {"peerage_limiter_wait_seconds_total", 2},
      {"peerage_send_queue_bytes", 1},
      {"peerage_inbox_bytes", 1},
      {"peerage_reassembly_bytes", 1},
      {"peerage_frame_bytes", 1},
      {"peerage_messages_total", 4},
      {"peerage_message_bytes_total", 4},
      {"peerage_send_refused_total", 2},
      {"peerage_inbox_dropped_total", 2},
      {"peerage_inbox_paused_total", 2},
      {"peerage_inbox_wait_seconds_count", 2},
      {"peerage_reactor_receive_seconds_count", 2},
      {"peerage_reactor_failures_total", 2},
      {"peerage_book_addresses", 18},
      {"peerage_book_buckets_used", 2},
      {"peerage_book_changes_total", 7},
      {"peerage_pex_requests_total", 4},
      {"peerage_pex_answers_total", 2},
      {"peerage_pex_addresses_total", 4},
      {"peerage_visits_total", 4},
      {"peerage_visits_in_flight", 1},
      {"peerage_visits_due", 1},
      {"peerage_store_queue_rows", 1},
      {"peerage_store_errors_total", 5},
      {"peerage_store_last_success_timestamp_seconds", 1},
  };
  for (const auto& [name, series] : zeros) {
    EXPECT_EQ(lines.count(name), series) << name;
    EXPECT_EQ(lines.sum(name), 0) << name;
  }
  for (const char* name : {"peerage_failures_total", "peerage_disconnects_total"}) {
    EXPECT_EQ(lines.count(name), 0u) << name << " has reasons, and none was seen";
  }
}

TEST_F(MetricsTest, ItIsReadableBeforeTheStartAndAfterTheStop) {
  sim::SimHost& host = world.add_host({conn::IpAddress::v4(20, 9, 3, 1)}, 1);
  const auto node = Node::create(host, plain(), test::numbered_key(1));
  ASSERT_TRUE(node);
  EXPECT_TRUE(MetricLines(metrics_text(**node)).faults().empty());
  EXPECT_EQ(
      MetricLines(metrics_text(**node)).value("peerage_peer_slots", {{"direction", "inbound"}}), 0);
  bool stopped = false;
  (*node)->stop([&](const Result<void>&) { stopped = true; });
  ASSERT_TRUE(world.run_until([&] { return stopped; }, 1min));
  EXPECT_TRUE(MetricLines(metrics_text(**node)).faults().empty());
  world.run_for(10s);
}

TEST_F(MetricsTest, BytesOfAPeerThatIsGoneStayInTheTotalsAndItsSeriesGo) {
  Member& a = start(1, bare(), echo({"app_Block"}));
  NodeConfig config = bare();
  config.persistent_peers = {a.address()};
  Member& b = start(2, config, echo({"app_Block"}));
  ASSERT_TRUE(world.run_until([&] { return a.peers() == 1 && b.peers() == 1; }, 10s));
  ASSERT_EQ(b.peer(a)->try_send(kEcho, conn::Bytes(1000)), conn::SendResult::queued);
  ASSERT_EQ(a.peer(b)->try_send(kEcho, conn::Bytes(30)), conn::SendResult::queued);
  const std::string id = b.node->id().to_string();
  MetricLines lines = scrape(a);
  const test::MetricLabels of_peer = {
      {"chID", "0x70"}, {"chain_id", "test-chain"}, {"peer_id", id}};
  EXPECT_EQ(lines.value("cometbft_p2p_peer_receive_bytes_total", of_peer), 1000);
  EXPECT_EQ(lines.value("cometbft_p2p_peer_send_bytes_total", of_peer), 30);
  EXPECT_EQ(lines.value("cometbft_p2p_peer_pending_send_bytes", {{"peer_id", id}}), 0);
  EXPECT_EQ(lines.value("cometbft_p2p_peer_send_queue_size", {{"peer_id", id}}), 0);
  EXPECT_EQ(lines.value("cometbft_p2p_peers", {{"chain_id", "test-chain"}}), 1);
  EXPECT_EQ(lines.value("peerage_peers", {{"direction", "inbound"}, {"kind", "ordinary"}}), 1);
  EXPECT_EQ(scrape(b).value("peerage_peers", {{"direction", "outbound"}, {"kind", "persistent"}}),
            1);
  const double wire = *lines.value("peerage_wire_bytes_total", {{"direction", "received"}});
  EXPECT_GE(wire, 1000);

  stop(b);
  ASSERT_TRUE(world.run_until([&] { return a.peers() == 0; }, 10s));
  lines = scrape(a);
  EXPECT_EQ(lines.count_with("peer_id", id), 0u);
  EXPECT_EQ(
      lines.value("peerage_message_bytes_total", {{"channel", "0x70"}, {"direction", "received"}}),
      1000);
  EXPECT_EQ(lines.value("peerage_messages_total", {{"channel", "0x70"}, {"direction", "sent"}}), 1);
  EXPECT_EQ(
      lines.value("cometbft_p2p_message_receive_bytes_total", {{"message_type", "app_Block"}}),
      1000);
  EXPECT_GE(*lines.value("peerage_wire_bytes_total", {{"direction", "received"}}), wire);
  EXPECT_EQ(lines.sum("peerage_disconnects_total", {{"direction", "inbound"}}), 1);
  EXPECT_EQ(lines.value("peerage_connection_lifetime_seconds_count", {{"direction", "inbound"}}),
            1);
  EXPECT_EQ(lines.value("peerage_reactor_receive_seconds_count", {{"reactor", "recorder"}}), 1);
  EXPECT_EQ(lines.value("peerage_inbox_wait_seconds_count", {{"reactor", "recorder"}}), 1);
}

TEST_F(MetricsTest, APersistentPeerThatIsNotThereIsDown) {
  NodeConfig config = bare();
  Member& a = start(1, config);
  const conn::NodeId missing = test::numbered_key(9).id();
  config.persistent_peers = {
      a.address(), {missing, "20.9.3.1", 26656}, {missing, "20.8.3.1", 26656}};
  Member& b = start(2, config);
  world.run_for(10s);
  EXPECT_EQ(scrape(b).value("peerage_persistent_peers_down"), 1);
  EXPECT_GE(
      *scrape(b).value("peerage_dials_total", {{"purpose", "persistent"}, {"result", "failed"}}),
      1);
  EXPECT_GE(
      scrape(b).sum("peerage_failures_total", {{"direction", "outbound"}, {"stage", "connect"}}),
      1);
}

TEST_F(MetricsTest, WithOnePeerTooManyThereAreNoSeriesOfPeers) {
  NodeConfig config = bare();
  Member& hub = start(1, config, echo());
  config.persistent_peers = {hub.address()};
  for (std::uint8_t i = 2; i < 66; ++i) start(i, config, echo());
  ASSERT_TRUE(world.run_until([&] { return hub.peers() == 64; }, 1min));
  MetricLines lines = scrape(hub);
  EXPECT_EQ(lines.count("cometbft_p2p_peer_send_queue_size"), 64u);
  EXPECT_EQ(lines.value("peerage_peer_metrics_suppressed"), 0);
  start(66, config, echo());
  ASSERT_TRUE(world.run_until([&] { return hub.peers() == 65; }, 1min));
  lines = scrape(hub);
  EXPECT_EQ(lines.count("cometbft_p2p_peer_send_queue_size"), 0u);
  EXPECT_EQ(lines.value("peerage_peer_metrics_suppressed"), 1);
  EXPECT_EQ(lines.value("cometbft_p2p_peers"), 65);
}

TEST_F(MetricsTest, NamesAndTheBoundOfPeersAreSettings) {
  NodeConfig config = bare();
  config.metrics_namespace = "tendermint";
  config.peer_metrics = 0;
  Member& a = start(1, config);
  config.persistent_peers = {a.address()};
  start(2, config);
  ASSERT_TRUE(world.run_until([&] { return a.peers() == 1; }, 10s));
  const MetricLines lines = scrape(a);
  EXPECT_EQ(lines.value("tendermint_p2p_peers"), 1);
  EXPECT_EQ(lines.count("tendermint_p2p_peer_send_queue_size"), 0u);
  EXPECT_EQ(lines.value("peerage_peer_metrics_suppressed"), 0) << "none were wanted";
  for (const std::string bad : {"", "a-b", "1a", "a b"}) {
    config.metrics_namespace = bad;
    EXPECT_FALSE(Node::create(*hosts[1], config, test::numbered_key(3))) << bad;
  }
}

TEST_F(MetricsTest, OneNetworkHasFewSeriesAndAFurtherOneVeryFew) {
  const auto series_with = [&](std::uint8_t number, std::size_t networks) {
    NodeConfig config = plain();
    config.role = Role::seed;
    for (std::size_t i = 1; i < networks; ++i)
      config.networks.push_back("net-" + std::to_string(i));
    return scrape(start(number, config)).series().size();
  };
  const std::size_t one = series_with(1, 1);
  EXPECT_LE(one, 700u - 200u) << "but for reasons";
  EXPECT_LE(series_with(2, 2) - one, 30u);
  EXPECT_EQ(series_with(4, 66), series_with(3, 70)) << "beyond 64 they are summed up";
}

TEST_F(MetricsTest, NetworksBeyondThe64thAreSummedUp) {
  NodeConfig config = plain();
  for (int i = 1; i < 70; ++i) config.networks.push_back("net-" + std::to_string(i));
  Member& many = start(1, config);
  std::uint8_t number = 2;
  for (const std::string network : {"net-1", "net-68", "net-69"}) {
    NodeConfig of_one = plain();
    of_one.networks = {network};
    of_one.persistent_peers = {many.address()};
    start(number++, of_one);
  }
  ASSERT_TRUE(world.run_until([&] { return many.peers() == 3; }, 10s));
  const MetricLines lines = scrape(many);
  EXPECT_EQ(lines.count("cometbft_p2p_peers"), 65u);
  EXPECT_EQ(lines.value("cometbft_p2p_peers", {{"chain_id", "net-1"}}), 1);
  EXPECT_EQ(lines.value("cometbft_p2p_peers", {{"chain_id", "other"}}), 2);
  EXPECT_EQ(lines.value("cometbft_p2p_peers", {{"chain_id", "net-63"}}), 0);
  EXPECT_EQ(lines.count_with("chain_id", "net-64"), 0u);
}

TEST_F(MetricsTest, PeersThatComeAndGoLeaveNoSeriesBehind) {
  Member& hub = start(1, bare(), echo());
  std::size_t series = 0;
  for (std::uint8_t i = 2; i < 12; ++i) {
    NodeConfig config = bare();
    config.persistent_peers = {hub.address()};
    Member& guest = start(i, config, echo());
    ASSERT_TRUE(world.run_until([&] { return hub.peers() == 1; }, 10s));
    ASSERT_EQ(guest.peer(hub)->try_send(kEcho, conn::Bytes(10)), conn::SendResult::queued);
    stop(guest);
    ASSERT_TRUE(world.run_until([&] { return hub.peers() == 0; }, 10s));
    const std::size_t now = scrape(hub).series().size();
    if (series == 0) series = now;
    EXPECT_EQ(now, series);
  }
  EXPECT_EQ(scrape(hub).sum("peerage_disconnects_total"), 10);
}

TEST_F(MetricsTest, BansAreCountedByWhatTheyAreAbout) {
  Member& node = start(1, plain());
  p2p::Switch& connections = node.node->get_switch();
  connections.ban(test::numbered_key(7).id(), 1h, "an ID");
  connections.ban(conn::Cidr(conn::IpAddress::v4(20, 8, 3, 1)), 1h, "a host");
  connections.ban(conn::Cidr(conn::IpAddress::v4(20, 8, 0, 0), 16), 1h, "a network");
  connections.ban(conn::Cidr(conn::IpAddress::v4(20, 9, 3, 1)), 1h, "he did",
                  p2p::BanOrigin::misbehaviour);
  const MetricLines lines = scrape(node);
  EXPECT_EQ(lines.value("peerage_bans", {{"kind", "id"}}), 1);
  EXPECT_EQ(lines.value("peerage_bans", {{"kind", "ip"}}), 2);
  EXPECT_EQ(lines.value("peerage_bans", {{"kind", "network"}}), 1);
  EXPECT_EQ(lines.value("peerage_bans_total", {{"reason", "operator"}}), 3);
  EXPECT_EQ(lines.value("peerage_bans_total", {{"reason", "misbehaved"}}), 1);
  EXPECT_EQ(lines.value("peerage_bans_total", {{"reason", "pex"}}), 0);
  EXPECT_EQ(lines.value("peerage_bans_total", {{"reason", "imported"}}), 0);
}

TEST_F(MetricsTest, BansByPeerExchangeAndThoseOfTheFileAreToldFromOthers) {
  NodeConfig config = plain();
  config.book_file = folder / "book.db";
  Member& node = start(1, config);
  test::PexVisitor liar(world.add_host({conn::IpAddress::v4(20, 2, 3, 1)}, 1), 2);
  // Rubbish ends a connection; the second time it brings a ban.
  for (std::size_t ends = 1; ends <= 2; ++ends) {
    liar.dial(node.address());
    EXPECT_TRUE(world.run_until([&] { return liar.is_connected(); }, 5min));
    liar.say(conn::Bytes(5, 0xff));
    EXPECT_TRUE(world.run_until([&] { return liar.ends() == ends; }, 1min));
    world.run_for(1min);
  }
  const MetricLines before = scrape(node);
  EXPECT_EQ(before.value("peerage_bans_total", {{"reason", "pex"}}), 1);
  EXPECT_EQ(before.value("peerage_bans_total", {{"reason", "misbehaved"}}), 0);
  stop(node);
  node.node.reset();
  const MetricLines after = scrape(start(1, config));
  EXPECT_EQ(after.value("peerage_bans_total", {{"reason", "imported"}}), 1);
  EXPECT_EQ(after.value("peerage_bans_total", {{"reason", "pex"}}), 0);
  liar.stop();
  world.run_for(1min);
}

TEST_F(MetricsTest, TenThousandNodesThatComeAndGoInADayLeaveNoSeriesBehind) {
  NodeConfig config = plain();
  config.role = Role::seed;
  Member& seed = start(1, config);
  constexpr std::uint32_t kHours = 24, kEachHour = 420;
  std::size_t series = 0;
  for (std::uint32_t hour = 0; hour < kHours; ++hour) {
    addrbook::AddressBook& book = seed.node->books()->first();
    for (std::uint32_t i = hour * kEachHour; i < (hour + 1) * kEachHour; ++i) {
      // Nobody is there: they are visited, fail, and go when the next ones come.
      if (i >= kEachHour) book.forget(test::numbered_id(1'000 + i - kEachHour));
      const auto ip = conn::IpAddress::v4(static_cast<std::uint8_t>(30 + i % 150),
                                          static_cast<std::uint8_t>(i / 150), 7, 7);
      book.add({test::numbered_id(1'000 + i), {ip, 26656}},
               {ip, {}, addrbook::Origin::configuration}, seed.node->books()->now());
    }
    NodeConfig guest = plain();
    guest.seeds = {seed.address()};
    Member& member = start(static_cast<std::uint8_t>(100 + hour), guest);
    world.run_for(30min);
    stop(member);
    world.run_for(30min);
    const std::size_t now = scrape(seed).series().size();
    if (hour == 1) series = now;  // by then each reason was seen
    if (hour < 2) continue;
    EXPECT_EQ(now, series) << "hour " << hour;
  }
  const MetricLines lines = scrape(seed);
  EXPECT_GE(
      *lines.value("peerage_book_changes_total", {{"chain_id", "test-chain"}, {"change", "added"}}),
      10'000);
  EXPECT_GE(lines.sum("peerage_dials_total"), 10'000);
}

TEST_F(MetricsTest, NobodyWhoReadsCostsNothing) {
  Member& node = start(1, plain());
  (void)scrape(node);
  world.run_for(5min);
  const MetricLines lines(metrics_text(*node.node));
  const double probes = *lines.value("peerage_shard_loop_lag_seconds_count");
  EXPECT_LE(probes, 130) << "two minutes, and the scrape";
  world.run_for(3min);
  EXPECT_LE(*MetricLines(metrics_text(*node.node)).value("peerage_shard_loop_lag_seconds_count"),
            probes + 125);
}

// On real threads: the text is made while the node works.
TEST(MetricsThreads, ItIsReadOnAnyThreadWhileTheNodeWorks) {
  NodeConfig config;
  config.networks = {"test-chain"};
  config.listen = "127.0.0.1:0";
  config.shards = 2;
  config.exchange.strict = conn::IpAddress::Strict::no;
  config.connections.p2p.allow_duplicate_ip = true;
  auto one = Node::create(config, test::numbered_key(1));
  ASSERT_TRUE(one);
  const auto reactor = std::make_shared<test::RecordingReactor>();
  (*one)->add_reactor(reactor);
  ASSERT_TRUE((*one)->start());
  const conn::NetAddress at = (*one)->listen_address();
  config.persistent_peers = {{at.id, at.endpoint.ip.to_string(), at.endpoint.port}};
  auto other = Node::create(config, test::numbered_key(2));
  ASSERT_TRUE(other);
  (*other)->add_reactor(std::make_shared<test::RecordingReactor>());
  ASSERT_TRUE((*other)->start());

  const auto until = std::chrono::steady_clock::now() + 60s;
  while (reactor->received() < 100 && std::chrono::steady_clock::now() < until) {
    (*other)->get_switch().broadcast(kEcho, conn::Bytes(50));
    const MetricLines lines(metrics_text(**one));
    ASSERT_TRUE(lines.faults().empty()) << lines.faults().front();
  }
  EXPECT_GE(reactor->received(), 100u);
  const MetricLines lines(metrics_text(**one));
  EXPECT_GE(
      *lines.value("peerage_messages_total", {{"channel", "0x70"}, {"direction", "received"}}),
      100);
  EXPECT_EQ(lines.count("peerage_shard_busy_seconds_total"), 2u);
  EXPECT_TRUE((*other)->stop());
  EXPECT_TRUE((*one)->stop());
}

}  // namespace
}  // namespace peerage::pex

// The metrics under a comet node's names, against what a comet node serves.
#include <algorithm>
#include <map>
#include <set>
#include <sstream>

#include "tests/unit/pex/metrics_fixture.h"

namespace peerage::pex {
namespace {

using namespace std::chrono_literals;

using CometMetricsTest = MetricsFixture;

// All that a v0.38 node serves under <namespace>_p2p_ when it has one peer, with which it has
// exchanged addresses, and a reactor of channel 0x70; PEER is the peer's ID. (num_txs is declared
// there and never written, so it has no series.) Sources: names, types and help, comet v0.38.25
// p2p/metrics.gen.go; labels, p2p/peer.go, and their order, client_golang's text format.
constexpr const char* kComet =
    R"(# HELP cometbft_p2p_message_receive_bytes_total Number of bytes of each message type received.
# TYPE cometbft_p2p_message_receive_bytes_total counter
cometbft_p2p_message_receive_bytes_total{chain_id="test-chain",message_type="app_Block"} 30
cometbft_p2p_message_receive_bytes_total{chain_id="test-chain",message_type="p2p_PexAddrs"} 2
cometbft_p2p_message_receive_bytes_total{chain_id="test-chain",message_type="p2p_PexRequest"} 2
# HELP cometbft_p2p_message_send_bytes_total Number of bytes of each message type sent.
# TYPE cometbft_p2p_message_send_bytes_total counter
cometbft_p2p_message_send_bytes_total{chain_id="test-chain",message_type="app_Block"} 1000
cometbft_p2p_message_send_bytes_total{chain_id="test-chain",message_type="p2p_PexAddrs"} 60
cometbft_p2p_message_send_bytes_total{chain_id="test-chain",message_type="p2p_PexRequest"} 2
# HELP cometbft_p2p_peer_pending_send_bytes Pending bytes to be sent to a given peer.
# TYPE cometbft_p2p_peer_pending_send_bytes gauge
cometbft_p2p_peer_pending_send_bytes{chain_id="test-chain",peer_id="PEER"} 0
# HELP cometbft_p2p_peer_receive_bytes_total Number of bytes received from a given peer.
# TYPE cometbft_p2p_peer_receive_bytes_total counter
cometbft_p2p_peer_receive_bytes_total{chID="0x0",chain_id="test-chain",peer_id="PEER"} 4
cometbft_p2p_peer_receive_bytes_total{chID="0x70",chain_id="test-chain",peer_id="PEER"} 30
# HELP cometbft_p2p_peer_send_bytes_total Number of bytes sent to a given peer.
# TYPE cometbft_p2p_peer_send_bytes_total counter
cometbft_p2p_peer_send_bytes_total{chID="0x0",chain_id="test-chain",peer_id="PEER"} 62
cometbft_p2p_peer_send_bytes_total{chID="0x70",chain_id="test-chain",peer_id="PEER"} 1000
# HELP cometbft_p2p_peers Number of peers.
# TYPE cometbft_p2p_peers gauge
cometbft_p2p_peers{chain_id="test-chain"} 1
)";

// Each family of comet's as it stands in a text: its help, its type, its series without values.
using Families = std::map<std::string, std::set<std::string>>;
Families families_of(const std::string& text, const std::string& prefix) {
  Families families;
  std::istringstream lines(text);
  std::string family;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("# HELP ")) family = line.substr(7, line.find(' ', 7) - 7);
    if (!family.starts_with(prefix)) continue;
    families[family].insert(line.front() == '#' ? line : line.substr(0, line.rfind(' ')));
  }
  return families;
}

TEST_F(CometMetricsTest, AScrapeOfAV038NodeAndOursDifferInValuesOnly) {
  NodeConfig config = plain();
  config.peer_metrics = 64;
  Member& ours = start(1, config, echo({"app_Block"}));
  config.seeds = {ours.address()};
  Member& peer = start(2, config, echo({"app_Block"}));
  ASSERT_TRUE(world.run_until([&] { return ours.peers() == 1 && peer.peers() == 1; }, 1min));
  ASSERT_EQ(ours.peer(peer)->try_send(test::kEcho, conn::Bytes(1000)), conn::SendResult::queued);
  ASSERT_EQ(peer.peer(ours)->try_send(test::kEcho, conn::Bytes(30)), conn::SendResult::queued);
  // Each asks the other for addresses at some time.
  const std::string id = peer.node->id().to_string();
  const auto asked = [&] {
    const test::MetricLines lines = scrape(ours);
    return lines.sum("cometbft_p2p_message_send_bytes_total",
                     {{"message_type", "p2p_PexRequest"}}) > 0 &&
           lines.sum("cometbft_p2p_message_receive_bytes_total",
                     {{"message_type", "p2p_PexRequest"}}) > 0;
  };
  for (int i = 0; i < 30 && !asked(); ++i) world.run_for(1min);
  ASSERT_TRUE(asked());

  std::string recorded = kComet;
  for (std::size_t at; (at = recorded.find("PEER")) != std::string::npos;) {
    recorded.replace(at, 4, id);
  }
  const Families comet = families_of(recorded, "cometbft_p2p_");
  Families mine = families_of(metrics_text(*ours.node), "cometbft_p2p_");
  for (const auto& [family, lines] : comet) EXPECT_EQ(mine[family], lines) << family;
  // v0.40's better name for the same (comet v0.40.0 p2p/metrics.gen.go).
  EXPECT_EQ(
      mine["cometbft_p2p_peer_send_queue_size"],
      (std::set<std::string>{
          "# HELP cometbft_p2p_peer_send_queue_size Number of messages that are currently "
          "being sent to a given peer.",
          "# TYPE cometbft_p2p_peer_send_queue_size gauge",
          "cometbft_p2p_peer_send_queue_size{chain_id=\"test-chain\",peer_id=\"" + id + "\"}"}));
  EXPECT_EQ(mine.size(), comet.size() + 1);
}

TEST_F(CometMetricsTest, ValuesAreIntegersAsScriptsExpectThem) {
  // Scripts match `cometbft_p2p_peers\{[^}]*\} (\d+)`.
  const Member& node = start(1, plain());
  EXPECT_NE(metrics_text(*node.node).find("\ncometbft_p2p_peers{chain_id=\"test-chain\"} 0\n"),
            std::string::npos);
}

TEST_F(CometMetricsTest, SumsByChainIdAreThoseOfEachNetwork) {
  NodeConfig config = bare();
  config.networks = {"net-1", "net-2"};
  Member& both = start(1, config, echo({"app_Block"}));
  const auto join = [&](std::uint8_t number, const std::string& network) -> Member& {
    NodeConfig of_one = bare();
    of_one.networks = {network};
    of_one.persistent_peers = {both.address()};
    return start(number, of_one, echo({"app_Block"}));
  };
  const std::array guests = {&join(2, "net-1"), &join(3, "net-2"), &join(4, "net-2")};
  ASSERT_TRUE(world.run_until([&] { return both.peers() == 3; }, 10s));
  for (Member* guest : guests) {
    ASSERT_TRUE(world.run_until([&] { return guest->peers() == 1; }, 10s));
    ASSERT_EQ(guest->peer(both)->try_send(test::kEcho, conn::Bytes(100)), conn::SendResult::queued);
  }
  const auto expect = [&](const test::MetricLines& lines, double of_one, double of_two) {
    for (const auto& [network, peers] : {std::pair("net-1", of_one), std::pair("net-2", of_two)}) {
      const test::MetricLabels chain = {{"chain_id", network}};
      EXPECT_EQ(lines.sum("cometbft_p2p_peers", chain), peers);
      EXPECT_EQ(lines.sum("peerage_peers", chain), peers);
    }
    EXPECT_EQ(lines.sum("cometbft_p2p_message_receive_bytes_total", {{"chain_id", "net-1"}}), 100);
    EXPECT_EQ(lines.sum("cometbft_p2p_message_receive_bytes_total", {{"chain_id", "net-2"}}), 200);
    EXPECT_EQ(lines.sum("cometbft_p2p_peers"), lines.sum("peerage_peers"));
  };
  const test::MetricLines before = scrape(both);
  expect(before, 1, 2);
  EXPECT_EQ(before.sum("cometbft_p2p_peer_receive_bytes_total", {{"chain_id", "net-2"}}), 200);
  stop(*guests[2]);
  ASSERT_TRUE(world.run_until([&] { return both.peers() == 2; }, 10s));
  expect(scrape(both), 1, 1);
}

}  // namespace
}  // namespace peerage::pex

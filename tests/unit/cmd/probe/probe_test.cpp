#include "cmd/probe/probe.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "conn/base/reassembly_budget.h"
#include "p2p/base/peer_reason.h"
#include "p2p/connect/upgrade.h"
#include "pex/exchange/messages.h"
#include "tests/sim/sim_world.h"
#include "tests/support/peers.h"

namespace peerage::cmd {
namespace {

using namespace std::chrono_literals;
using conn::Bytes;
using conn::ByteView;
using conn::Reason;
using conn::Stage;
using sim::LinkPlan;

// A node of the simulated network that answers as a comet node would, as far as it is set to.
class Node {
 public:
  Node(sim::SimHost& host, conn::NodeKey key, const std::string& network)
      : host_(host), key_(std::move(key)) {
    info.listen_addr = "tcp://0.0.0.0:26656";
    info.network = network;
    info.version = "0.38.25";
    info.moniker = "node";
    info.channels = {conn::ChannelId{0x20}, conn::kPexChannel};
    listener_ = std::move(*host_.listen(
        host_.shard(0), {host_.address(), 26656},
        [this](std::unique_ptr<conn::Arrival> arrival) { on_arrival(std::move(arrival)); }));
  }

  p2p::NodeInfo info;
  std::optional<p2p::Respond> respond;  // instead of info
  bool closes_after_handshake = false;
  bool answers = true;
  std::vector<conn::NetAddress> addresses;
  std::vector<p2p::NodeInfo> seen;

 private:
  void on_arrival(std::unique_ptr<conn::Arrival> arrival) {
    p2p::HandshakePlan plan;
    plan.ours = respond ? std::variant<p2p::NodeInfo, p2p::Respond>(*respond) : info;
    plan.deadline = host_.shard(0).now() + 5s;
    upgrade_ = p2p::Upgrade::start(
        host_.shard(0), arrival->claim(host_.shard(0)),
        p2p::Handshake(key_, test::ephemeral_from(0x77), std::move(plan)),
        [this](conn::Result<p2p::Upgraded> peer, const p2p::UpgradeReport& report) {
          if (report.remote_info) seen.push_back(*report.remote_info);
          if (!peer || closes_after_handshake) return;
          conn::PeerConnection::Events events;
          events.message = [this](const conn::ChannelMessage&) {
            if (answers) connection_->send(conn::kPexChannel, pex::encode_addresses(addresses));
          };
          connection_ =
              peer->stream->open(host_.shard(0), {pex::kChannel}, {}, budget_, std::move(events));
          connection_->start();
        });
  }

  sim::SimHost& host_;
  conn::NodeKey key_;
  conn::ReassemblyBudget budget_;
  std::unique_ptr<conn::Listener> listener_;
  std::unique_ptr<conn::Pending> upgrade_;
  std::shared_ptr<conn::PeerConnection> connection_;
};

// A server that is no node: says something, at once or when spoken to.
class Stranger {
 public:
  Stranger(sim::SimHost& host, std::string greeting, std::string answer)
      : greeting_(std::move(greeting)), answer_(std::move(answer)) {
    listener_ = std::move(*host.listen(host.shard(0), {host.address(), 26656},
                                       [this, &host](std::unique_ptr<conn::Arrival> arrival) {
                                         streams_.push_back(arrival->claim(host.shard(0)));
                                         serve(*streams_.back());
                                       }));
  }

 private:
  void serve(conn::Stream& stream) {
    say(stream, greeting_);
    stream.when_readable([this, &stream] {
      conn::ByteArray<64> buffer;
      const conn::IoResult got = stream.read(buffer);
      if (got.status == conn::IoStatus::ok && conn::as_text(buffer).substr(0, 3) == "GET") {
        say(stream, answer_);
      }
    });
  }
  static void say(conn::Stream& stream, const std::string& text) {
    const ByteView bytes = conn::as_bytes(text);
    if (!text.empty()) stream.write({&bytes, 1});
  }
  std::string greeting_, answer_;
  std::unique_ptr<conn::Listener> listener_;
  std::vector<std::unique_ptr<conn::Stream>> streams_;
};

struct ProbeTest : testing::Test {
  sim::SimWorld world{3};
  sim::SimHost& here = world.add_host({conn::IpAddress::v4(10, 0, 0, 1)});
  sim::SimHost& there = world.add_host({conn::IpAddress::v4(10, 1, 0, 1)});
  conn::NodeKey our_key = test::key_from(1);
  conn::NodeId their_id = test::key_from(2).id();
  ProbeOptions options;

  ProbeReport probe(const std::string& host = "10.1.0.1") {
    std::optional<ProbeReport> report;
    const auto running = start_probe(here, here.shard(0), our_key, {their_id, host, 26656}, options,
                                     [&](ProbeReport done) { report = std::move(done); });
    EXPECT_FALSE(report);
    EXPECT_TRUE(world.run_until([&] { return report.has_value(); }, 14s));
    return report.value_or(ProbeReport{});
  }
  Reason why(const ProbeReport& report) {
    return report.failure ? report.failure->reason : Reason::stopped_locally;
  }
  Node node(const std::string& network = "chain-1") {
    return Node(there, test::key_from(2), network);
  }
};

TEST_F(ProbeTest, ANodeIsProvenAndEveryStageHasItsTime) {
  Node remote = node();
  remote.addresses = {*conn::NetAddress::parse(their_id.to_string() + "@1.2.3.4:26656")};
  options.network = "chain-1";
  const ProbeReport report = probe();
  ASSERT_TRUE(report.proven()) << report.failure->text();
  EXPECT_EQ(report.connected, 2ms);
  EXPECT_TRUE(report.keys_exchanged) << "both speak at once: theirs may be there already";
  EXPECT_EQ(report.authenticated, 2ms);
  EXPECT_TRUE(report.node_info_received);
  EXPECT_EQ(report.pex_answered, 2ms);
  EXPECT_EQ(report.addresses, remote.addresses);
  EXPECT_EQ(report.info->moniker, "node");
  EXPECT_EQ(report.remote_id, their_id);
}

TEST_F(ProbeTest, WithoutANetworkTheRemotesIsTaken) {
  Node remote = node("whatever-9");
  const ProbeReport report = probe();
  ASSERT_TRUE(report.proven());
  EXPECT_EQ(report.info->network, "whatever-9");
  EXPECT_EQ(remote.seen.at(0).network, "whatever-9");
}

TEST_F(ProbeTest, ANodeThatWaitsForUsToNameTheNetworkIsReportedAsSuch) {
  Node remote = node();
  remote.respond = [&remote](const p2p::NodeInfo& theirs) -> conn::Result<p2p::NodeInfo> {
    p2p::NodeInfo answer = remote.info;
    answer.network = theirs.network;
    return answer;
  };
  EXPECT_EQ(why(probe()), p2p::PeerReason::network_unknown);
  options.network = "chain-7";
  EXPECT_TRUE(probe().proven());
}

TEST_F(ProbeTest, AWrongNetworkIsNamed) {
  Node remote = node("chain-1");
  options.network = "chain-2";
  const ProbeReport report = probe();
  EXPECT_EQ(why(report), Reason::wrong_network);
  EXPECT_NE(report.failure->detail.find("chain-1"), std::string::npos);
  EXPECT_TRUE(report.info);
}

TEST_F(ProbeTest, AWrongIdIsNamed) {
  Node remote(there, test::key_from(5), "chain-1");
  const ProbeReport report = probe();
  EXPECT_EQ(why(report), Reason::wrong_id);
  EXPECT_NE(report.failure->detail.find(test::key_from(5).id().to_string()), std::string::npos);
}

TEST_F(ProbeTest, ANodeWithoutPeerExchangeIsProvenAllTheSame) {
  for (const bool network_named : {false, true}) {
    Node remote = node();
    remote.info.channels = {conn::ChannelId{0x20}};
    if (network_named) options.network = "chain-1";
    const ProbeReport report = probe();
    EXPECT_TRUE(report.proven());
    ASSERT_TRUE(report.pex_failure);
    EXPECT_EQ(report.pex_failure->reason, Reason::no_common_channel);
  }
}

TEST_F(ProbeTest, ANodeThatClosesAfterTheHandshakeIsProvenAndItsSilenceExplained) {
  Node remote = node();
  remote.closes_after_handshake = true;
  const ProbeReport report = probe();
  EXPECT_TRUE(report.proven());
  ASSERT_TRUE(report.pex_failure);
  EXPECT_TRUE(report.pex_failure->reason == Reason::closed_by_remote ||
              report.pex_failure->reason == Reason::connection_reset);
  EXPECT_FALSE(hint(report.pex_failure->reason).empty());
}

TEST_F(ProbeTest, ANodeThatDoesNotAnswerIsProvenAndTheProbeEndsInTime) {
  Node remote = node();
  remote.answers = false;
  const ProbeReport report = probe();
  EXPECT_TRUE(report.proven());
  ASSERT_TRUE(report.pex_failure);
  EXPECT_EQ(report.pex_failure->reason, p2p::PeerReason::answer_timed_out);
}

TEST_F(ProbeTest, AClosedPortIsRefused) {
  const ProbeReport report = probe();
  EXPECT_EQ(why(report), Reason::connection_refused);
  EXPECT_EQ(report.failure->stage, Stage::connect);
}

TEST_F(ProbeTest, AHostThatDropsEverythingTimesOut) {
  LinkPlan plan;
  plan.connect = LinkPlan::Connect::ignored;
  world.set_default_link(plan);
  EXPECT_EQ(why(probe()), Reason::connect_timed_out);
}

TEST_F(ProbeTest, ASilentPortIsSilent) {
  Stranger stranger(there, "", "");
  EXPECT_EQ(why(probe()), Reason::silent);
}

TEST_F(ProbeTest, AWebServerIsRecognisedWhetherItAnswersOurKeyOrOnlyHttp) {
  {
    Stranger eager(there, "HTTP/1.1 400 Bad Request\r\n\r\n", "");
    EXPECT_EQ(why(probe()), Reason::speaks_http);
  }
  Stranger patient(there, "", "HTTP/1.0 200 OK\r\n\r\n");
  EXPECT_EQ(why(probe()), Reason::speaks_http);
}

TEST_F(ProbeTest, ATlsServerIsRecognised) {
  {
    Stranger alert(there, std::string("\x15\x03\x01\x00\x02\x02\x46", 7), "");
    EXPECT_EQ(why(probe()), Reason::speaks_tls);
  }
  Stranger patient(there, "", std::string("\x15\x03\x03\x00\x02\x02\x46", 7));
  EXPECT_EQ(why(probe()), Reason::speaks_tls);
}

TEST_F(ProbeTest, AnSshServerIsRecognised) {
  Stranger ssh(there, "SSH-2.0-OpenSSH_9.2\r\n", "");
  EXPECT_EQ(why(probe()), Reason::speaks_ssh);
}

TEST_F(ProbeTest, NamesAreResolvedAndEveryAddressIsTried) {
  Node remote = node();
  world.set_name("node.test", std::vector{conn::IpAddress::v4(10, 9, 9, 9), there.address()});
  const ProbeReport report = probe("node.test");
  EXPECT_TRUE(report.proven());
  EXPECT_EQ(report.endpoint->ip, there.address());
  EXPECT_EQ(why(probe("missing.test")), Reason::name_not_found);
  world.set_name("hangs.test", std::nullopt);
  EXPECT_EQ(why(probe("hangs.test")), Reason::name_lookup_timed_out);
}

TEST_F(ProbeTest, EndsWithinItsTimeWhateverTheOtherSideDoes) {
  options.timeout = 1s;
  Stranger stranger(there, "", "");
  const auto started = world.now();
  EXPECT_FALSE(probe().proven());
  EXPECT_LE(world.now() - started, 3100ms);
}

TEST_F(ProbeTest, AbandoningItRunsNoCallback) {
  Node remote = node();
  auto running = start_probe(here, here.shard(0), our_key, {their_id, "10.1.0.1", 26656}, options,
                             [](const ProbeReport&) { ADD_FAILURE(); });
  world.run_for(3ms);
  running.reset();
  world.run_for(20s);
}

TEST_F(ProbeTest, TheReportReadsWellAndIsJsonOnRequest) {
  Node remote = node();
  remote.info.moniker = "evil";
  const ProbeReport good = probe();
  const std::string text = to_text(good);
  EXPECT_NE(text.find("reached and proven"), std::string::npos);
  EXPECT_NE(text.find("chain-1"), std::string::npos);
  const auto json = nlohmann::json::parse(to_json(good));
  EXPECT_EQ(json["proven"], true);
  EXPECT_EQ(json["node_info"]["network"], "chain-1");
  EXPECT_EQ(json["node_info"]["channels"], (std::vector<int>{0x20, 0}));

  their_id = test::key_from(9).id();
  const ProbeReport bad = probe();
  EXPECT_NE(to_text(bad).find("not proven"), std::string::npos);
  const auto failure = nlohmann::json::parse(to_json(bad))["failure"];
  EXPECT_EQ(failure["stage"], "authentication");
  EXPECT_EQ(failure["reason"], "wrong_id");
}

TEST_F(ProbeTest, WhatThePeerSaysNeverReachesTheTerminalRaw) {
  Node remote = node("net\x1b[2J");
  const ProbeReport report = probe();
  EXPECT_EQ(to_text(report).find('\x1b'), std::string::npos);
  EXPECT_EQ(to_json(report).find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace peerage::cmd

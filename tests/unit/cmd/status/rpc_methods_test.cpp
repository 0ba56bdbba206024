#include "cmd/status/rpc_methods.h"

#include <chrono>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/support/hostile_texts.h"
#include "tests/unit/cmd/status/rpc_fixture.h"

namespace peerage::cmd {
namespace {

using nlohmann::json;
using test::body_of;
using test::get;
using test::post;

std::shared_ptr<const StatusSnapshot> shared(StatusSnapshot node) {
  return std::make_shared<const StatusSnapshot>(std::move(node));
}

struct RpcMethodsTest : testing::Test {
  StatusSnapshot node = test::status_of_a_seed();
  NetInfo shown = NetInfo::full;
  UnsafeMethods unsafe = UnsafeMethods::unknown;
  RpcHooks hooks;

  HttpAnswer ask(const std::string& name, const std::string& query = {}) const {
    for (const RpcMethod& each : rpc_methods(shared(node), shown, unsafe, hooks)) {
      if (each.name == name) return answer_query(each, get("/" + name, query));
    }
    return page_not_found();
  }
  json result(const std::string& name, const std::string& query = {}) const {
    return json::parse(body_of(ask(name, query))).at("result");
  }
  std::string posted(const std::string& body) const {
    return body_of(answer_body(rpc_methods(shared(node), shown, unsafe, hooks), post(body), {}));
  }
  json data_of(const std::string& name, const std::string& query) const {
    return json::parse(body_of(ask(name, query))).at("error").at("data");
  }
};

TEST_F(RpcMethodsTest, HealthSaysOnlyThatHttpAnswers) {
  EXPECT_EQ(body_of(ask("health")), R"({"jsonrpc":"2.0","id":-1,"result":{}})");
}

// As recorded from v0.38.25's own server, but for what we have no figure for (RecentlySent), and
// for what a rate follows from.
TEST_F(RpcMethodsTest, NetInfoIsThatOfACometNodeByteForByte) {
  node.peers = {test::recorded_peer()};
  node.peers.front().connection.sent_bytes = 5;
  node.peers.front().connection.silence = std::chrono::nanoseconds(7);
  const std::string send =
      R"({"Start":"2026-11-27T19:53:07.423000746Z","Bytes":"5","Samples":"0","InstRate":"0","CurRate":"0","AvgRate":"4","PeakRate":"4","BytesRem":"0","Duration":"1043921830","Idle":"0","TimeRem":"0","Progress":0,"Active":true})";
  const std::string receive =
      R"({"Start":"2026-11-27T19:53:07.423000746Z","Bytes":"0","Samples":"0","InstRate":"0","CurRate":"0","AvgRate":"0","PeakRate":"0","BytesRem":"0","Duration":"1043921830","Idle":"7","TimeRem":"0","Progress":0,"Active":true})";
  EXPECT_EQ(
      body_of(ask("net_info")),
      R"j({"jsonrpc":"2.0","id":-1,"result":{"listening":true,"listeners":["Listener(@)"],"n_peers":"1","peers":[{"node_info":{"protocol_version":)j"
      R"({"p2p":"8","block":"11","app":"0"},"id":"deadbeefdeadbeefdeadbeefdeadbeefdeadbeef","listen_addr":"tcp://0.0.0.0:26656","network":"net-1","version":"0.38.25","channels":)"
      R"("402000","moniker":"m\u003c\u0026\u003eé","other":{"tx_index":"on","rpc_address":"tcp://127.0.0.1:26657"}},"is_outbound":true,)"
      R"("connection_status":{"Duration":"1043921830","SendMonitor":)" +
          send + R"(,"RecvMonitor":)" + receive +
          R"(,"Channels":[{"ID":32,"SendQueueCapacity":"100","SendQueueSize":"1","Priority":"6","RecentlySent":"0"}]},"remote_ip":"2001:db8::1"}]}})");
}

// As recorded from v0.38.25 with an empty store; the address there is that of the key.
TEST_F(RpcMethodsTest, StatusIsThatOfACometNodeWithoutBlocksByteForByte) {
  EXPECT_EQ(
      body_of(ask("status")),
      R"({"jsonrpc":"2.0","id":-1,"result":{"node_info":{"protocol_version":{"p2p":"8","block":"11","app":"0"},"id":"10cb5e1084a782671de977b8097f5606b726919f","listen_addr":"tcp://0.0.0.0:26656","network":"net-1","version":"0.1.0","channels":"00","moniker":"seed","other":{"tx_index":"off","rpc_address":"tcp://127.0.0.1:26657"}},)"
      R"("sync_info":{"latest_block_hash":"","latest_app_hash":"","latest_block_height":"0","latest_block_time":"1970-01-01T00:00:00Z","earliest_block_hash":"","earliest_app_hash":"","earliest_block_height":"0","earliest_block_time":"1970-01-01T00:00:00Z","catching_up":false},)"
      R"("validator_info":{"address":"10CB5E1084A782671DE977B8097F5606B726919F","pub_key":{"type":"tendermint/PubKeyEd25519","value":"zZd7tqRa5QpsN58h37sn8pW9ebfm3Vu7GGUaKuAE24g="},"voting_power":"0"}}})");
}

TEST_F(RpcMethodsTest, WithoutPeersThereIsAnEmptyList) {
  const json info = result("net_info");
  EXPECT_EQ(info["n_peers"], "0");
  EXPECT_TRUE(info["peers"].is_array());
  EXPECT_TRUE(info["peers"].empty());
}

TEST_F(RpcMethodsTest, ListenersNameTheExternalAddressIfThereIsOne) {
  node.external = "203.0.113.9:26656";
  node.condition.listening = false;
  const json info = result("net_info");
  EXPECT_EQ(info["listeners"], json::array({"Listener(@203.0.113.9:26656)"}));
  EXPECT_EQ(info["listening"], false);
}

// --- several networks ---

TEST_F(RpcMethodsTest, TheNetworkOfStatusIsTheFirstUnlessOneIsNamed) {
  EXPECT_EQ(result("status")["node_info"]["network"], "net-1");
  EXPECT_EQ(result("status", "network=net-2")["node_info"]["network"], "net-2");
  EXPECT_EQ(result("status", "network=%22net-2%22")["node_info"]["network"], "net-2");
  EXPECT_NE(posted(R"({"id":1,"method":"status","params":{"network":"net-2"}})").find("net-2"),
            std::string::npos);
}

TEST_F(RpcMethodsTest, NetInfoListsThePeersOfAllNetworksOrOfOne) {
  node.peers = {test::recorded_peer(), test::recorded_peer()};
  node.peers[1].network = node.peers[1].info.network = "net-2";
  EXPECT_EQ(result("net_info")["n_peers"], "2");
  const json info = result("net_info", "network=net-2");
  EXPECT_EQ(info["n_peers"], "1");
  EXPECT_EQ(info["peers"][0]["node_info"]["network"], "net-2");
}

TEST_F(RpcMethodsTest, ANetworkThatIsNotServedIsAnErrorThatNamesThoseThatAre) {
  for (const char* method : {"status", "net_info"}) {
    EXPECT_EQ(ask(method, "network=other").status, 500U);
    EXPECT_EQ(data_of(method, "network=other"),
              "network: this node serves net-1, net-2, not other");
  }
}

// --- who is shown ---

TEST_F(RpcMethodsTest, PrivatePeersAreNeitherShownNorCounted) {
  node.peers = {test::recorded_peer(), test::recorded_peer()};
  node.peers[0].is_private = true;
  for (const NetInfo each : {NetInfo::full, NetInfo::outbound}) {
    shown = each;
    EXPECT_EQ(result("net_info")["n_peers"], "1");
    EXPECT_EQ(result("net_info")["peers"].size(), 1U);
  }
}

TEST_F(RpcMethodsTest, InboundPeersOrAllMayBeLeftOutOfTheListButAreCounted) {
  node.peers = {test::recorded_peer(), test::recorded_peer()};
  node.peers[0].direction = p2p::Direction::inbound;
  shown = NetInfo::outbound;
  EXPECT_EQ(result("net_info")["n_peers"], "2");
  ASSERT_EQ(result("net_info")["peers"].size(), 1U);
  EXPECT_EQ(result("net_info")["peers"][0]["is_outbound"], true);
  shown = NetInfo::off;
  EXPECT_EQ(result("net_info")["n_peers"], "2");
  EXPECT_EQ(result("net_info")["peers"], json::array());
}

TEST_F(RpcMethodsTest, AListenAddressAlwaysEndsWithAPortThatCanBePasted) {
  const struct {
    const char* sent;
    const char* outbound;
    const char* inbound;
  } cases[] = {
      {"tcp://0.0.0.0:26656", "tcp://0.0.0.0:26656", "tcp://0.0.0.0:26656"},
      {"203.0.113.9:1317", "tcp://203.0.113.9:1317", "tcp://203.0.113.9:1317"},
      {"tcp://[2001:db8::2]:7", "tcp://[2001:db8::2]:7", "tcp://[2001:db8::2]:7"},
      {"tcp://node.example.org:26656", "tcp://node.example.org:26656",
       "tcp://node.example.org:26656"},
      {"tcp://a\"\n:5", "tcp://0.0.0.0:5", "tcp://0.0.0.0:5"},
      {"a\nb://1.2.3.4:5", "tcp://1.2.3.4:5", "tcp://1.2.3.4:5"},
      {"tcp://0.0.0.0:0", "tcp://0.0.0.0:26656", "tcp://0.0.0.0:0"},
      {"", "tcp://0.0.0.0:26656", "tcp://0.0.0.0:0"},
      {"nonsense", "tcp://0.0.0.0:26656", "tcp://0.0.0.0:0"},
  };
  for (const auto& each : cases) {
    node.peers = {test::recorded_peer(), test::recorded_peer()};
    node.peers[1].direction = p2p::Direction::inbound;
    node.peers[0].info.listen_addr = node.peers[1].info.listen_addr = each.sent;
    const json peers = result("net_info")["peers"];
    EXPECT_EQ(peers[0]["node_info"]["listen_addr"], each.outbound);
    EXPECT_EQ(peers[1]["node_info"]["listen_addr"], each.inbound);
  }
}

TEST_F(RpcMethodsTest, WhateverPeersSayOfThemselvesAStrictReaderTakesIt) {
  for (const std::string& text : test::hostile_texts()) {
    PeerRow peer = test::recorded_peer();
    peer.info.moniker = peer.info.version = peer.info.network = peer.info.listen_addr = text;
    peer.info.tx_index = peer.info.rpc_address = text;
    node.peers.push_back(peer);
  }
  EXPECT_EQ(result("net_info")["peers"].size(), test::hostile_texts().size());
  EXPECT_EQ(body_of(ask("net_info")).find('<'), std::string::npos);
}

TEST_F(RpcMethodsTest, ARateBeyondWholeNumbersIsCut) {
  node.peers = {test::recorded_peer()};
  node.peers[0].connection.send_rate = 1e300;
  node.peers[0].connection.receive_rate = -1;
  const json status = result("net_info")["peers"][0]["connection_status"];
  EXPECT_EQ(status["SendMonitor"]["CurRate"], "9000000000000000000");
  EXPECT_EQ(status["RecvMonitor"]["CurRate"], "0");
}

// A node of ten thousand peers is asked by anybody: half a second on this machine would be felt
// by everyone else who asks.
TEST_F(RpcMethodsTest, TenThousandPeersAreWrittenAtOnce) {
  PeerRow peer = test::recorded_peer();
  peer.connection.channels.resize(10, peer.connection.channels.front());
  node.peers.assign(10'000, peer);
  const auto began = std::chrono::steady_clock::now();
  const std::string text = net_info_result(node, {}, NetInfo::full);
  const auto took = std::chrono::steady_clock::now() - began;
  RecordProperty("ms", std::to_string(took / std::chrono::milliseconds(1)));
  EXPECT_GT(text.size(), 10'000'000U);
  EXPECT_LT(took, std::chrono::seconds(PEERAGE_SANITIZED ? 20 : 1));
}

// --- what needs a chain, and what is unsafe ---

TEST_F(RpcMethodsTest, MethodsOfAChainAreUnknown) {
  for (const char* each : {"genesis", "block", "commit", "abci_info", "validators", "dial_seeds",
                           "dial_peers", "unsafe_flush_mempool"}) {
    EXPECT_EQ(ask(each).status, 404U);
    EXPECT_EQ(posted(R"({"id":2,"method":")" + std::string(each) + "\"}"),
              R"({"jsonrpc":"2.0","id":2,"error":{"code":-32601,"message":"Method not found"}})");
  }
}

const std::string kId = "deadbeefdeadbeefdeadbeefdeadbeefdeadbeef";

struct UnsafeRpcMethodsTest : RpcMethodsTest {
  RpcHooks::Addresses dialled;
  DialMarks marks;
  conn::Result<void> outcome;
  UnsafeRpcMethodsTest() {
    unsafe = UnsafeMethods::served;
    hooks.dial_seeds = [this](const auto& addresses) {
      dialled = addresses;
      return outcome;
    };
    hooks.dial_peers = [this](const auto& addresses, const DialMarks& wanted) {
      dialled = addresses;
      marks = wanted;
      return outcome;
    };
  }
};

TEST_F(UnsafeRpcMethodsTest, SeedsAreDialled) {
  EXPECT_EQ(
      body_of(ask("dial_seeds", "seeds=[%22" + kId + "@203.0.113.7:26656%22]")),
      R"({"jsonrpc":"2.0","id":-1,"result":{"log":"Dialing seeds in progress. See /net_info for details"}})");
  ASSERT_EQ(dialled.size(), 1U);
  EXPECT_EQ(dialled[0].to_string(), kId + "@203.0.113.7:26656");
}

TEST_F(UnsafeRpcMethodsTest, PeersAreDialledWithTheirMarks) {
  EXPECT_EQ(
      body_of(
          ask("dial_peers", "peers=[%22" + kId + "@a.example:1%22]&persistent=true&private=true")),
      R"({"jsonrpc":"2.0","id":-1,"result":{"log":"Dialing peers in progress. See /net_info for details"}})");
  EXPECT_EQ(dialled.at(0).host, "a.example");
  EXPECT_TRUE(marks.persistent && marks.is_private && !marks.unconditional);
  (void)posted(R"({"id":1,"method":"dial_peers","params":[[")" + kId +
               R"(@a.example:1"],false,true,false]})");
  EXPECT_TRUE(!marks.persistent && !marks.is_private && marks.unconditional);
}

TEST_F(UnsafeRpcMethodsTest, NoAddressesAreAnErrorInACometNodesWords) {
  EXPECT_EQ(
      body_of(ask("dial_seeds")),
      R"({"jsonrpc":"2.0","id":-1,"error":{"code":-32603,"message":"Internal error","data":"no seeds provided"}})");
  EXPECT_EQ(ask("dial_seeds").status, 500U);
  EXPECT_EQ(data_of("dial_peers", "peers=[]"), "no peers provided");
}

TEST_F(UnsafeRpcMethodsTest, OneWrongAddressIsNamedAndNoneIsDialled) {
  const std::string good = "%22" + kId + "@203.0.113.7:26656%22,";
  EXPECT_EQ(data_of("dial_peers", "peers=[" + good + "%22203.0.113.7:26656%22]"),
            "address (203.0.113.7:26656) does not contain ID");
  const std::string data =
      data_of("dial_peers", "peers=[" + good + "%22" + kId + "@203.0.113.7%22]");
  EXPECT_EQ(data.find("invalid address (" + kId + "@203.0.113.7): "), 0U) << data;
  EXPECT_TRUE(dialled.empty());
}

TEST_F(UnsafeRpcMethodsTest, WhatTheNodeSaysAgainstItIsTold) {
  outcome = conn::fail(conn::Stage::configuration, conn::Reason::stopping);
  EXPECT_EQ(data_of("dial_seeds", "seeds=[%22" + kId + "@203.0.113.7:1%22]"),
            outcome.error().text());
}

}  // namespace
}  // namespace peerage::cmd

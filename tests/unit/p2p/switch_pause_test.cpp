// The pause of a host after a handshake that failed by its fault, and what does not bring it.
#include "p2p/base/peer_reason.h"
#include "tests/support/auth_frame.h"
#include "tests/support/switch_fixture.h"

namespace peerage::p2p {
namespace {

using conn::Bytes;
using conn::ByteView;
using conn::Cidr;
using conn::Reason;
using test::auth_frame;
using test::auth_message;
using test::ephemeral_from;
using test::key_from;
using test::node_config;
using test::SimNode;
using namespace std::chrono_literals;

Bytes joined(Bytes first, ByteView second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

// What a visitor says once it has the message with the node's ephemeral key.
using Words = std::function<Bytes(ByteView node_key)>;

Words always(Bytes words) {
  return [words = std::move(words)](ByteView) { return words; };
}

// A key, and the AuthSig frame that goes with it.
Words authenticating_with(const std::function<Bytes(ByteView challenge)>& message) {
  return [message](ByteView node_key) {
    const conn::NodeKey key = key_from(0x44);
    const Bytes ours = conn::SecretHandshake(key, ephemeral_from(0x22), {}).take_output();
    return joined(ours, auth_frame(ephemeral_from(0x22), ByteView(ours).subspan<3, 32>(),
                                   node_key.subspan<3, 32>(), message));
  };
}

const Bytes kLowOrderKey = joined({0x22, 0x0a, 0x20}, Bytes(32, 0));
const Bytes kKey = joined({0x22, 0x0a, 0x20}, Bytes(32, 9));

struct SwitchPause : test::SwitchFixture {
  std::uint64_t turned_away(const SimNode& node) {
    return node.node->counters().failures(Direction::inbound,
                                          PeerReason::authentication_failed_lately);
  }

  // A connection from where `from` is; why it was refused.
  std::optional<Reason> visit(SimNode& from, SimNode& to, const Words& words) {
    sim::SimHost& host = host_of(from);
    std::unique_ptr<conn::Stream> stream;
    const auto pending =
        host.connect(host.shard(0), conn::Endpoint{ip_of(to), 26656}, 5s,
                     [&](auto connected) { stream = std::move(connected.value()); });
    Bytes node_key(conn::kEphemeralMessage);
    EXPECT_TRUE(
        until([&] { return stream && stream->read(node_key).bytes == conn::kEphemeralMessage; }));
    const std::size_t refused_before = to.events<Refused>().size();
    const Bytes said = words(node_key);
    const ByteView bytes = said;
    stream->write({&bytes, 1});
    EXPECT_TRUE(until([&] { return to.events<Refused>().size() > refused_before; }));
    return to.refusal();
  }
  // Whether a dial from there is reset before anything is spent on it.
  bool is_turned_away(SimNode& from, SimNode& to) {
    const std::uint64_t before = turned_away(to);
    const std::uint64_t begun = to.node->counters().get(Counter::handshakes_inbound);
    from.node->dial(to.address());
    EXPECT_TRUE(until([&] { return connected(from, to) || from.dial_failure(); }));
    return turned_away(to) == before + 1 &&
           to.node->counters().get(Counter::handshakes_inbound) == begun;
  }
};

TEST_F(SwitchPause, AHostThatBreaksTheHandshakeIsTurnedAwayForThirtySecondsAndWelcomeAfterThat) {
  const conn::NodeKey key = key_from(0x44);
  Bytes secp256k1 = {0x67, 0x0a, 0x23, 0x12, 0x21};
  secp256k1.resize(104, 2);
  const std::vector<std::pair<Reason, Words>> faults = {
      {Reason::ephemeral_key_malformed, always({0x22, 0x08})},
      {Reason::ephemeral_key_low_order, always(kLowOrderKey)},
      {Reason::ephemeral_key_reflected,
       [](ByteView node_key) { return Bytes(node_key.begin(), node_key.end()); }},
      {Reason::frame_forged, always(joined(kKey, Bytes(conn::kFrameSealed, 0)))},
      {Reason::frame_malformed,
       authenticating_with([](ByteView) { return Bytes(conn::kFrameData + 1, 1); })},
      {Reason::auth_message_malformed, authenticating_with([](ByteView) { return Bytes{}; })},
      {Reason::auth_key_type_unsupported, authenticating_with([&](ByteView) { return secp256k1; })},
      {Reason::auth_signature_invalid,
       authenticating_with([&](ByteView) { return auth_message(key, kKey); })},
  };
  SimNode& a = add();
  for (const auto& [reason, words] : faults) {
    SCOPED_TRACE(name(reason));
    SimNode& b = add();
    SimNode& neighbour = add();
    ASSERT_EQ(visit(b, a, words), reason);
    EXPECT_TRUE(is_turned_away(b, a));
    EXPECT_TRUE(connect(neighbour, a));
    world.run_for(30s);
    EXPECT_TRUE(connect(b, a));
  }
}

TEST_F(SwitchPause, NeitherSilenceNorAnotherProtocolNorAnotherNetworkBringsOne) {
  SimNode& a = add();
  const conn::NodeKey key = key_from(0x44);
  const std::string http = "GET / HTTP/1.1\r\n";
  const std::vector<std::pair<Reason, Words>> others = {
      {Reason::silent, always({0x22})},
      {Reason::authentication_timed_out, always(kKey)},
      {Reason::speaks_http, always(Bytes(http.begin(), http.end()))},
      {Reason::node_info_timed_out,
       authenticating_with([&](ByteView challenge) { return auth_message(key, challenge); })},
  };
  for (const auto& [reason, words] : others) {
    SCOPED_TRACE(name(reason));
    SimNode& b = add();
    ASSERT_EQ(visit(b, a, words), reason);
    EXPECT_TRUE(connect(b, a));
  }
  SwitchConfig other = node_config();
  other.networks = {"other-chain"};
  SimNode& stranger = add(other);
  stranger.node->dial(a.address());
  ASSERT_TRUE(until([&] { return a.refusal() == Reason::wrong_network; }));
  EXPECT_EQ(visit(stranger, a, always(Bytes(http.begin(), http.end()))), Reason::speaks_http);
  EXPECT_EQ(turned_away(a), 0u);
}

TEST_F(SwitchPause, ThereIsNoneForExemptNetworksNorWhenItIsSwitchedOff) {
  SwitchConfig exempting = node_config(), off = node_config();
  exempting.exempt_networks = {*Cidr::parse("10.0.0.0/8")};
  off.connection_rate.failed_authentication_pause = 0s;
  for (const SwitchConfig& config : {exempting, off}) {
    SimNode& a = add(config);
    SimNode& b = add();
    ASSERT_EQ(visit(b, a, always(kLowOrderKey)), Reason::ephemeral_key_low_order);
    EXPECT_TRUE(connect(b, a));
  }
}

TEST_F(SwitchPause, ADialOfOursThatFailsSoBringsNone) {
  SimNode& a = add();
  SimNode& b = add();
  sim::SimHost& host = host_of(b);
  std::vector<std::unique_ptr<conn::Stream>> accepted;
  const auto listener = host.listen(host.shard(0), {host.address(), 1000},
                                    [&](std::unique_ptr<conn::Arrival> arrival) {
                                      accepted.push_back(arrival->claim(host.shard(0)));
                                      const ByteView words = kLowOrderKey;
                                      accepted.back()->write({&words, 1});
                                    });
  a.node->dial({key_from(0x44).id(), host.address().to_string(), 1000});
  ASSERT_TRUE(until([&] { return a.dial_failure() == Reason::ephemeral_key_low_order; }));
  EXPECT_TRUE(connect(b, a));
}

}  // namespace
}  // namespace peerage::p2p

#include "p2p/connect/handshake.h"

#include <algorithm>
#include <functional>
#include <random>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "conn/base/varint.h"
#include "p2p/base/peer_reason.h"
#include "tests/support/peers.h"
#include "tests/support/vectors.h"

namespace peerage::p2p {
namespace {

using namespace std::chrono_literals;
using conn::Bytes;
using conn::ByteView;
using conn::Reason;
using conn::Result;
using conn::Stage;
using conn::TimePoint;
using test::ephemeral_from;
using test::key_from;
using test::load_vectors;

const TimePoint kStart{std::chrono::hours(1)};

NodeInfo info_for(const std::string& network) {
  NodeInfo info;
  info.listen_addr = "tcp://127.0.0.1:26656";
  info.network = network;
  info.version = "test";
  info.moniker = "test";
  info.channels = {conn::kPexChannel};
  return info;
}

HandshakePlan plan_with(std::variant<NodeInfo, Respond> ours,
                        std::optional<conn::NodeId> expected = {}) {
  HandshakePlan plan;
  plan.ours = std::move(ours);
  plan.expected = expected;
  plan.deadline = kStart + 5s;
  return plan;
}

Respond answer_with_their_network() {
  return [](const NodeInfo& theirs) -> Result<NodeInfo> { return info_for(theirs.network); };
}

// Two machines and the bytes between them, delivered in pieces of the given size.
struct Exchange {
  Handshake& first;
  Handshake& second;
  std::size_t piece = SIZE_MAX;
  std::optional<conn::Failure> first_failure;
  std::optional<conn::Failure> second_failure;

  void run() {
    for (bool moved = true; moved;) {
      moved = pass(first, second, second_failure);
      moved = pass(second, first, first_failure) || moved;
    }
  }
  bool pass(Handshake& from, Handshake& to, std::optional<conn::Failure>& failure) const {
    const Bytes bytes = from.take_output();
    ByteView rest = bytes;
    while (!rest.empty() && !failure && !to.done()) {
      const std::size_t size = std::min(piece, rest.size());
      const auto taken = to.receive(rest.first(size));
      if (!taken) failure = taken.error();
      rest = rest.subspan(taken ? *taken : size);
    }
    return !bytes.empty();
  }
};

struct HandshakeTest : testing::Test {
  conn::NodeKey dialler_key = key_from(1);
  conn::NodeKey acceptor_key = key_from(2);

  Handshake dialler(std::variant<NodeInfo, Respond> ours) {
    return Handshake(dialler_key, ephemeral_from(0x11),
                     plan_with(std::move(ours), acceptor_key.id()));
  }
  Handshake acceptor(std::variant<NodeInfo, Respond> ours) {
    return Handshake(acceptor_key, ephemeral_from(0x22), plan_with(std::move(ours)));
  }
};

TEST_F(HandshakeTest, TwoNodesOfOneNetworkAgreeHoweverTheBytesArrive) {
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{1044}, SIZE_MAX}) {
    SCOPED_TRACE(piece);
    Handshake a = dialler(info_for("net"));
    Handshake b = acceptor(info_for("net"));
    Exchange exchange{a, b, piece, {}, {}};
    exchange.run();
    ASSERT_TRUE(a.done());
    ASSERT_TRUE(b.done());
    EXPECT_EQ(a.stage(), Stage::established);
    EXPECT_EQ(a.remote_info(), b.our_info());
    EXPECT_EQ(b.remote_info(), a.our_info());
    EXPECT_EQ(a.remote_id(), acceptor_key.id());
    EXPECT_EQ(b.remote_id(), dialler_key.id());
    // The sessions fit each other.
    conn::SecretSession ours = a.take_session();
    conn::SecretSession theirs = b.take_session();
    Bytes slots(conn::kFrameSealed);
    conn::FrameWriter writer(slots);
    writer.append(conn::as_bytes("hello"));
    ASSERT_TRUE(ours.sealer.seal(writer.finish()));
    const auto opened = theirs.opener.open(slots);
    ASSERT_TRUE(opened);
    EXPECT_EQ(conn::as_text(*opened), "hello");
  }
}

TEST_F(HandshakeTest, AnAcceptorMayAnswerWithTheNetworkThatTheDiallerNamed) {
  Handshake a = dialler(info_for("some-chain"));
  Handshake b = acceptor(answer_with_their_network());
  Exchange exchange{a, b, SIZE_MAX, {}, {}};
  exchange.run();
  ASSERT_TRUE(a.done() && b.done());
  EXPECT_EQ(a.remote_info()->network, "some-chain");
}

TEST_F(HandshakeTest, ADiallerMayLearnTheNetworkFromTheAcceptor) {
  Handshake a = dialler(answer_with_their_network());
  Handshake b = acceptor(info_for("some-chain"));
  Exchange exchange{a, b, SIZE_MAX, {}, {}};
  exchange.run();
  ASSERT_TRUE(a.done() && b.done());
  EXPECT_EQ(b.remote_info()->network, "some-chain");
}

TEST_F(HandshakeTest, TwoThatWaitForEachOtherEndWhenPatienceDoes) {
  HandshakePlan plan = plan_with(answer_with_their_network(), acceptor_key.id());
  plan.patience = kStart + 2s;
  Handshake a(dialler_key, ephemeral_from(0x11), std::move(plan));
  Handshake b = acceptor(answer_with_their_network());
  Exchange exchange{a, b, SIZE_MAX, {}, {}};
  exchange.run();
  EXPECT_FALSE(a.done());
  EXPECT_EQ(a.deadline(), kStart + 2s);
  EXPECT_TRUE(a.check(kStart + 1999ms));
  const auto in_time = a.check(kStart + 2s);
  ASSERT_FALSE(in_time);
  EXPECT_EQ(in_time.error().reason, PeerReason::network_unknown);
}

TEST_F(HandshakeTest, ARefusalByTheAcceptorsAnswerEndsIt) {
  Handshake a = dialler(info_for("unknown-chain"));
  Handshake b = acceptor([](const NodeInfo&) -> Result<NodeInfo> {
    return conn::fail(Stage::node_info, Reason::wrong_network, "not served here");
  });
  Exchange exchange{a, b, SIZE_MAX, {}, {}};
  exchange.run();
  ASSERT_TRUE(exchange.second_failure);
  EXPECT_EQ(exchange.second_failure->reason, Reason::wrong_network);
  EXPECT_EQ(a.on_end().reason, Reason::closed_after_authentication);
}

TEST_F(HandshakeTest, EachSideNamesWhatDiffers) {
  const auto refused = [this](NodeInfo ours, NodeInfo theirs) {
    Handshake a = dialler(std::move(ours));
    Handshake b = acceptor(std::move(theirs));
    Exchange exchange{a, b, SIZE_MAX, {}, {}};
    exchange.run();
    EXPECT_TRUE(exchange.first_failure && exchange.second_failure);
    EXPECT_EQ(exchange.first_failure->reason, exchange.second_failure->reason);
    EXPECT_TRUE(a.remote_info()) << "known although refused";
    return exchange.first_failure->reason;
  };
  EXPECT_EQ(refused(info_for("one"), info_for("two")), Reason::wrong_network);
  NodeInfo old = info_for("net");
  old.block_version = 10;
  EXPECT_EQ(refused(info_for("net"), old), Reason::wrong_block_version);
  NodeInfo other_channels = info_for("net");
  other_channels.channels = {conn::ChannelId{0x20}};
  EXPECT_EQ(refused(info_for("net"), other_channels), Reason::no_common_channel);
}

TEST_F(HandshakeTest, OtherP2pAndSoftwareVersionsDoNotMatter) {
  NodeInfo other = info_for("net");
  other.p2p_version = 9;
  other.app_version = 77;
  other.version = "";
  Handshake a = dialler(info_for("net"));
  Handshake b = acceptor(other);
  Exchange exchange{a, b, SIZE_MAX, {}, {}};
  exchange.run();
  EXPECT_TRUE(a.done() && b.done());
}

TEST_F(HandshakeTest, WhatAnEndMeansDependsOnHowFarWeCame) {
  Handshake a = dialler(info_for("net"));
  Handshake b = acceptor(info_for("net"));
  EXPECT_EQ(a.on_end().reason, Reason::closed_before_key);
  EXPECT_EQ(a.check(kStart + 5s).error().reason, Reason::silent);
  EXPECT_TRUE(a.check(kStart + 4999ms));

  (void)a.take_output();
  Bytes from_b = b.take_output();
  ASSERT_TRUE(a.receive(from_b));
  EXPECT_EQ(a.stage(), Stage::authentication);
  EXPECT_EQ(a.on_end().reason, Reason::closed_before_authentication);
  EXPECT_EQ(a.on_reset().detail, "connection reset");
  EXPECT_EQ(a.check(kStart + 5s).error().reason, Reason::authentication_timed_out);

  Handshake c = dialler(info_for("net"));
  Handshake d = acceptor(info_for("net"));
  ASSERT_TRUE(d.receive(c.take_output()));
  const Bytes from_d = d.take_output();  // key and proof, not yet NodeInfo
  ASSERT_TRUE(c.receive(from_d));
  EXPECT_EQ(c.stage(), Stage::node_info);
  EXPECT_EQ(c.on_end().reason, Reason::closed_after_authentication);
  EXPECT_EQ(c.check(kStart + 5s).error().reason, Reason::node_info_timed_out);
  EXPECT_EQ(c.remote_id(), acceptor_key.id());
}

// A remote that has authenticated and then sends `stream`, cut into frames of `frame_data` bytes.
struct AfterAuthentication : HandshakeTest {
  Result<std::size_t> receive(Handshake& a, ByteView stream, std::size_t frame_data = 1024) const {
    conn::SecretHandshake b(acceptor_key, ephemeral_from(0x22), std::nullopt);
    EXPECT_TRUE(b.receive(a.take_output()));
    EXPECT_TRUE(a.receive(b.take_output()));
    EXPECT_TRUE(b.receive(a.take_output()));
    conn::SecretSession session = b.take_session();
    Result<std::size_t> last = std::size_t{0};
    for (; !stream.empty() && last; stream = stream.subspan(std::min(frame_data, stream.size()))) {
      Bytes slot(conn::kFrameSealed);
      conn::FrameWriter writer(slot);
      writer.append(stream.first(std::min(frame_data, stream.size())));
      EXPECT_TRUE(session.sealer.seal(writer.finish()));
      last = a.receive(slot);
    }
    return last;
  }
  Bytes their_info(const std::function<void(NodeInfo&)>& spoil = [](NodeInfo&) {}) const {
    NodeInfo info = info_for("net");
    info.node_id = acceptor_key.id().to_string();
    spoil(info);
    return conn::delimited(encode(info));
  }
};

TEST_F(AfterAuthentication, NodeInfoMayComeInFramesOfAnySize) {
  for (const std::size_t size : {1u, 2u, 100u, 1024u}) {
    Handshake a = dialler(info_for("net"));
    EXPECT_TRUE(receive(a, their_info(), size));
    EXPECT_TRUE(a.done()) << size;
  }
}

TEST_F(AfterAuthentication, APacketBehindNodeInfoInItsFrameIsHandedOn) {
  Bytes stream = their_info();
  stream.insert(stream.end(), {0x02, 0x0a, 0x00});
  Handshake a = dialler(info_for("net"));
  ASSERT_TRUE(receive(a, stream));
  ASSERT_TRUE(a.done());
  EXPECT_EQ(a.take_session().early_data, (Bytes{0x02, 0x0a, 0x00}));
}

TEST_F(AfterAuthentication, AnotherIdThanTheProvenOneIsRefused) {
  Handshake a = dialler(info_for("net"));
  const auto taken = receive(
      a, their_info([this](NodeInfo& info) { info.node_id = dialler_key.id().to_string(); }));
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().reason, Reason::node_info_id_mismatch);
}

TEST_F(AfterAuthentication, AnIdInUpperCaseIsTheSameId) {
  Handshake a = dialler(info_for("net"));
  EXPECT_TRUE(receive(a, their_info([](NodeInfo& info) {
                        for (char& c : info.node_id) c = static_cast<char>(std::toupper(c));
                      })));
  EXPECT_TRUE(a.done());
}

TEST_F(AfterAuthentication, InvalidClaimsAreRefused) {
  Handshake a = dialler(info_for("net"));
  const auto taken = receive(a, their_info([](NodeInfo& info) { info.moniker = ""; }));
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().reason, Reason::node_info_invalid);
}

TEST_F(AfterAuthentication, ALengthOver10240IsRefusedAtOnceAndExactlyThatIsAwaited) {
  Bytes prefix(conn::kMaxVarint);
  prefix.resize(conn::write_varint(prefix.data(), kMaxNodeInfo));
  Handshake a = dialler(info_for("net"));
  EXPECT_TRUE(receive(a, prefix));
  prefix.resize(conn::kMaxVarint);
  prefix.resize(conn::write_varint(prefix.data(), kMaxNodeInfo + 1));
  Handshake b = dialler(info_for("net"));
  const auto taken = receive(b, prefix);
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().reason, Reason::node_info_too_long);
}

TEST_F(AfterAuthentication, MemoryIsHeldForBytesReceivedNeverForALengthAnnounced) {
  Handshake before = dialler(info_for("net"));
  ASSERT_TRUE(before.receive(Bytes{0x22}));  // an ephemeral message is announced
  EXPECT_LE(before.held_bytes(), 64u);

  Bytes announced(conn::kMaxVarint);
  announced.resize(conn::write_varint(announced.data(), kMaxNodeInfo));
  Handshake a = dialler(info_for("net"));
  ASSERT_TRUE(receive(a, announced));
  EXPECT_LE(a.held_bytes(), 2 * conn::kFrameSealed + 64);

  // All but the last byte of the longest NodeInfo.
  announced.resize(announced.size() + kMaxNodeInfo - 1);
  Handshake b = dialler(info_for("net"));
  ASSERT_TRUE(receive(b, announced));
  EXPECT_LE(b.held_bytes(), 16u << 10);
}

TEST_F(AfterAuthentication, AnOverflowingLengthIsMalformed) {
  Handshake a = dialler(info_for("net"));
  const auto taken = receive(a, Bytes(11, 0xff));
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().reason, Reason::node_info_malformed);
}

TEST_F(AfterAuthentication, AnEmptyFrameIsRefused) {
  Handshake a = dialler(info_for("net"));
  conn::SecretHandshake b(acceptor_key, ephemeral_from(0x22), std::nullopt);
  ASSERT_TRUE(b.receive(a.take_output()));
  ASSERT_TRUE(a.receive(b.take_output()));
  ASSERT_TRUE(b.receive(a.take_output()));
  conn::SecretSession session = b.take_session();
  Bytes slot(conn::kFrameSealed);
  ASSERT_TRUE(session.sealer.seal(slot));
  EXPECT_FALSE(a.receive(slot));
}

TEST(RecordedHandshake, ReplaysWithItsNodeInfoInBothRoles) {
  const auto zeroed = load_vectors("handshake")["handshakes"];
  const auto raw = load_vectors("handshake_rawpad")["handshakes"];
  std::mt19937 random(7);
  for (std::size_t i = 0; i < zeroed.size(); ++i) {
    for (const auto& source : {zeroed[i], raw[i]}) {
      for (const auto& [us, them] : {std::pair<std::string, std::string>{"A", "B"}, {"B", "A"}}) {
        SCOPED_TRACE(std::to_string(i) + us);
        const Bytes secret = test::bytes_of(source[us]["priv_key"]);
        const auto key = conn::NodeKey::from_seed(conn::Secret<32>(ByteView(secret).first<32>()));
        // What we say is what was said then.
        const Bytes recorded_info = test::bytes_of(source[us]["node_info_delimited_plain"]);
        const auto length = conn::read_varint(recorded_info);
        const auto ours = decode_node_info(ByteView(recorded_info).subspan(length.size));
        ASSERT_TRUE(ours);
        Handshake machine(
            key, test::secret_of<32>(source[us]["eph_priv"]),
            plan_with(*ours, *conn::NodeId::parse(source[them]["id"].get<std::string>())));
        Bytes heard, expected;
        for (const auto& step : source["handshake_steps"]) {
          const Bytes wire = test::bytes_of(step["wire"]);
          if (step["side"] == them) heard.insert(heard.end(), wire.begin(), wire.end());
        }
        for (const auto& step : zeroed[i]["handshake_steps"]) {
          const Bytes wire = test::bytes_of(step["wire"]);
          if (step["side"] == us) expected.insert(expected.end(), wire.begin(), wire.end());
        }
        Bytes said;
        for (ByteView rest = heard; !rest.empty();) {
          const std::size_t size = 1 + random() % rest.size();
          const auto taken = machine.receive(rest.first(size));
          ASSERT_TRUE(taken) << taken.error().text();
          rest = rest.subspan(*taken);
        }
        said = machine.take_output();
        EXPECT_TRUE(machine.done());
        EXPECT_EQ(said, expected);
        const Bytes their_info = test::bytes_of(source[them]["node_info_delimited_plain"]);
        ASSERT_TRUE(machine.remote_info());
        EXPECT_EQ(conn::delimited(encode(*machine.remote_info())), their_info);
      }
    }
  }
}

}  // namespace
}  // namespace peerage::p2p

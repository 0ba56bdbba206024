// Typed messages: sent, decoded, and what becomes of a peer that sends something else.
#include "p2p/typed.h"

#include "p2p/base/peer_reason.h"
#include "pex.pb.h"
#include "tests/support/switch_fixture.h"

namespace peerage::p2p {
namespace {

using conn::Bytes;
using conn::ChannelId;
using conn::IpAddress;
using conn::SendResult;
using proto::PexMessage;
using test::node_config;
using test::RecordingReactor;
using test::SimNode;
using namespace std::chrono_literals;

constexpr ChannelId kFirst{0x71}, kSecond{0x72};

PexMessage message_with_port(std::uint32_t port) {
  PexMessage message;
  message.mutable_pex_addrs()->add_addrs()->set_port(port);
  return message;
}

// Counts how often it is encoded; decodes what begins with 1.
struct Counting {
  std::size_t ByteSizeLong() const { return 1; }
  bool SerializeToArray(void* out, int) const {
    ++encoded;
    *static_cast<std::uint8_t*>(out) = 1;
    return encodable;
  }
  bool ParseFromArray(const void* in, int size) {
    return size > 0 && *static_cast<const std::uint8_t*>(in) == 1;
  }
  bool encodable = true;
  mutable int encoded = 0;
};
static_assert(ProtoMessage<Counting> && ProtoMessage<PexMessage> && !ProtoMessage<Bytes>);

TEST(Typed, WhatWasEncodedIsDecoded) {
  const Message message{kFirst, *encode(message_with_port(26656)), {}};
  const auto decoded = decode<PexMessage>(message);
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(decoded->pex_addrs().addrs(0).port(), 26656u);
}

TEST(Typed, WhatCannotBeDecodedIsMalformedAndReportedBySizeAndChannel) {
  const auto decoded = decode<PexMessage>({kFirst, Bytes{0xff, 0xff}, {}});
  ASSERT_FALSE(decoded.has_value());
  EXPECT_EQ(decoded.error().stage, conn::Stage::established);
  EXPECT_EQ(decoded.error().reason, PeerReason::message_malformed);
  EXPECT_EQ(decoded.error().detail, "2 bytes on channel 113");
}

TEST(Typed, NothingIsAMessageWithDefaults) {
  EXPECT_TRUE(encode(PexMessage())->empty());
  EXPECT_TRUE(decode<PexMessage>({kFirst, {}, {}}).has_value());
}

TEST(Typed, AMessageWithoutAnEncodingIsAnErrorOfTheProgram) {
  Counting message;
  message.encodable = false;
  EXPECT_THROW(encode(message), std::invalid_argument);
}

class PexListener : public TypedReactor<PexMessage> {
 public:
  std::string name() const override { return "listener"; }
  std::vector<ReactorChannel> channels() const override {
    return {{.id = kFirst}, {.id = kSecond}};
  }
  void on_start() override { started_at = context().now(); }
  void receive(const PeerPtr& peer, PexMessage message, ChannelId channel) override {
    ports.push_back(message.pex_addrs().addrs(0).port());
    channel_ids.push_back(channel);
    held.push_back(peer->status().inbox_bytes);
    last_peer = peer;
  }
  void remove_peer(const PeerPtr&, const conn::Failure& why) override { removed = why; }

  std::optional<conn::TimePoint> started_at;
  std::vector<std::uint32_t> ports;
  std::vector<ChannelId> channel_ids;
  std::vector<std::size_t> held;
  PeerPtr last_peer;
  std::optional<conn::Failure> removed;
};

// A sender, and a node with a typed reactor that it is connected to.
struct TypedOnTheNetwork : test::SwitchFixture {
  SimNode& sender =
      add(node_config(), std::make_shared<RecordingReactor>(
                             std::vector<ReactorChannel>{{.id = kFirst}, {.id = kSecond}}));
  std::shared_ptr<PexListener> listener = std::make_shared<PexListener>();
  Switch node{world.add_host({IpAddress::v4(10, 99, 0, 1)}), test::numbered_key(99), node_config()};

  void start() {
    node.add_reactor(listener);
    node.start();
    EXPECT_TRUE(until([&] { return node.listen_endpoint().port != 0; }));
  }
  PeerPtr connect() {
    start();
    sender.node->dial({node.id(), "10.99.0.1", 26656});
    EXPECT_TRUE(until([&] { return node.find_peer(sender.id()) && peer(); }));
    return peer();
  }
  PeerPtr peer() { return sender.node->find_peer(node.id()); }
  void TearDown() override {
    bool stopped = false;
    node.stop([&] { stopped = true; });
    EXPECT_TRUE(until([&] { return stopped; }));
    SwitchFixture::TearDown();
  }
};

TEST_F(TypedOnTheNetwork, MessagesAreDeliveredDecodedInOrderWithTheirChannel) {
  const PeerPtr to = connect();
  EXPECT_TRUE(listener->started_at.has_value());
  EXPECT_EQ(send(*to, kFirst, message_with_port(1)), SendResult::queued);
  ASSERT_TRUE(until([&] { return listener->ports.size() == 1; }));
  EXPECT_EQ(try_send(*to, kSecond, message_with_port(2)), SendResult::queued);
  ASSERT_TRUE(until([&] { return listener->ports.size() == 2; }));
  EXPECT_EQ(listener->ports, (std::vector<std::uint32_t>{1, 2}));
  EXPECT_EQ(listener->channel_ids, (std::vector{kFirst, kSecond}));
}

TEST_F(TypedOnTheNetwork, TheRoomOfAMessageIsHeldForTheCallAndNotLonger) {
  const PeerPtr to = connect();
  send(*to, kFirst, message_with_port(1));
  ASSERT_TRUE(until([&] { return listener->ports.size() == 1; }));
  EXPECT_EQ(listener->held.front(), encode(message_with_port(1))->size() + kMessageOverhead);
  EXPECT_TRUE(until([&] { return listener->last_peer->status().inbox_bytes == 0; }));
}

TEST_F(TypedOnTheNetwork, APeerThatSendsSomethingUndecodableIsDisconnected) {
  const PeerPtr to = connect();
  to->try_send(kFirst, Bytes{0xff, 0xff});
  ASSERT_TRUE(until([&] { return listener->removed.has_value(); }));
  EXPECT_EQ(listener->removed->reason, PeerReason::message_malformed);
  EXPECT_EQ(listener->removed->detail, "2 bytes on channel 113");
  EXPECT_TRUE(listener->ports.empty());
  EXPECT_TRUE(until([&] { return sender.peers() == 0; }));
}

TEST_F(TypedOnTheNetwork, NorIsItDialledAgainHoweverLongItWasAPeer) {
  std::size_t dials = 0;
  node.on_event([&dials](const SwitchEvent& event) {
    if (std::holds_alternative<Dialled>(event)) ++dials;
  });
  start();
  node.dial(sender.address());
  ASSERT_TRUE(until([&] { return peer() && node.find_peer(sender.id()); }));
  world.run_for(kLongLived);
  peer()->try_send(kFirst, Bytes{0xff, 0xff});
  world.run_for(10min);
  EXPECT_EQ(sender.peers(), 0u);
  EXPECT_EQ(dials, 1u);
}

TEST_F(TypedOnTheNetwork, ABroadcastEncodesOnce) {
  connect();
  SimNode& third =
      add(node_config(),
          std::make_shared<RecordingReactor>(std::vector<ReactorChannel>{{.id = kFirst}}));
  ASSERT_TRUE(SwitchFixture::connect(third, sender));
  const Counting message;
  EXPECT_EQ(broadcast(*sender.node, kFirst, message).queued, 2u);
  EXPECT_EQ(message.encoded, 1);
}

TEST_F(TypedOnTheNetwork, AMessageOfDefaultsIsNotSentBecauseTheWireKnowsNoEmptyOne) {
  EXPECT_EQ(send(*connect(), kFirst, PexMessage()), SendResult::empty_message);
}

}  // namespace
}  // namespace peerage::p2p

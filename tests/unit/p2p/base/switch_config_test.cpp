// Every key of [p2p] that concerns the switch is honoured, each with its own proof. (Slots,
// addresses and dialling have theirs in switch_rules_test.cpp and switch_dial_test.cpp; seeds, pex,
// seed_mode and addr_book_* concern the address book and the PEX reactor.)
#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "p2p/switch.h"
#include "tests/support/log_lines.h"
#include "tests/support/switch_fixture.h"

namespace peerage::p2p {
namespace {

using conn::Bytes;
using conn::IpAddress;
using conn::Reason;
using test::kEcho;
using test::node_config;
using test::RecordingReactor;
using test::SimNode;
using namespace std::chrono_literals;

struct SwitchSettings : test::SwitchFixture {
  // The rate at which `from` gets bytes to `to`, whatever it would like to send.
  double rate_between(SimNode& from, SimNode& to) {
    EXPECT_TRUE(connect(from, to));
    const PeerPtr peer = from.peer(to);
    const auto fill = [&] {
      while (peer->try_send(kEcho, Bytes(50'000, 1)) == conn::SendResult::queued) {
      }
    };
    const std::size_t before = to.reactor->received_bytes();
    for (int i = 0; i < 200; ++i) {
      fill();
      world.run_for(50ms);
    }
    return static_cast<double>(to.reactor->received_bytes() - before) / 10.0;
  }
};

TEST_F(SwitchSettings, LaddrSaysWhereToListen) {
  SwitchConfig config = node_config();
  config.p2p.laddr = "tcp://10.1.0.1:4321";
  SimNode& a = add(config);
  EXPECT_EQ(a.node->listen_endpoint().to_string(), "10.1.0.1:4321");
  SimNode& b = add();
  b.node->dial({a.id(), "10.1.0.1", 4321});
  EXPECT_TRUE(until([&] { return connected(a, b); }));
}

TEST_F(SwitchSettings, SendRateBoundsWhatEachPeerIsSent) {
  SwitchConfig config = node_config();
  config.p2p.send_rate = 1'000'000;
  SimNode& a = add(config);
  SimNode& b = add();
  EXPECT_NEAR(rate_between(a, b), 1e6, 1e5);
}

TEST_F(SwitchSettings, RecvRateBoundsWhatIsReadFromEachPeer) {
  SwitchConfig config = node_config();
  config.p2p.recv_rate = 500'000;
  SimNode& a = add();
  SimNode& b = add(config);
  EXPECT_NEAR(rate_between(a, b), 5e5, 1e5);
}

TEST_F(SwitchSettings, ARateOfZeroIsUnlimited) {
  SwitchConfig config = node_config();
  config.p2p.send_rate = 0;
  config.p2p.recv_rate = 0;
  SimNode& a = add(config);
  SimNode& b = add(config);
  EXPECT_GT(rate_between(a, b), 1e7);
}

TEST_F(SwitchSettings, NodesOfEveryPacketSizeThatTakeWhatIsSentUnderstandEachOther) {
  using Setting = std::optional<std::uint32_t>;
  for (const auto& [one, other] : {std::pair<Setting, Setting>{10'240, 10'240},
                                   {102'400, 102'400},
                                   {1u << 20, 1u << 20},
                                   {10'240, std::nullopt},
                                   {std::nullopt, 1024},
                                   {1024, 512}}) {
    SwitchConfig config = node_config();
    config.p2p.max_packet_msg_payload_size = one;
    SimNode& a = add(config);
    config.p2p.max_packet_msg_payload_size = other;
    SimNode& b = add(config);
    ASSERT_TRUE(connect(a, b));
    for (const std::size_t size : {1u, 1025u, 20'000u, 60'000u}) {
      a.peer(b)->try_send(kEcho, Bytes(size, 1));
      b.peer(a)->try_send(kEcho, Bytes(size, 1));
    }
    EXPECT_TRUE(until([&] {
      return a.reactor->received_bytes() == 81'026 && b.reactor->received_bytes() == 81'026;
    })) << one.value_or(0)
        << " " << other.value_or(0);
    EXPECT_TRUE(connected(a, b));
  }
}

TEST_F(SwitchSettings, APeerOfLargerPacketsIsNamedWithTheSettingThatLetsItIn) {
  SwitchConfig config = node_config();
  config.p2p.max_packet_msg_payload_size = 10'240;
  SimNode& large = add(config);
  const auto log = std::make_shared<test::LogLines>();
  log->least = conn::LogLevel::info;
  config.p2p.max_packet_msg_payload_size = 1024;
  config.log = log;
  SimNode& small = add(config);
  ASSERT_TRUE(connect(large, small));
  large.peer(small)->try_send(kEcho, Bytes(9000, 1));
  ASSERT_TRUE(until([&] { return !connected(large, small); }));
  EXPECT_EQ(small.reactor->last_reason().reason, Reason::packet_too_long);
  const auto lines = std::count_if(log->lines.begin(), log->lines.end(), [&](const auto& line) {
    return line.starts_with("warn packet too long peer=" + large.id().to_string()) &&
           line.find("max_packet_msg_payload_size = 9004 would let it in") != std::string::npos;
  });
  EXPECT_EQ(lines, 1);
}

TEST_F(SwitchSettings, APacketSizeThatMakesNoSenseIsRefused) {
  for (const std::uint32_t payload : {0u, 63u, (100u << 20) + 1, ~0u}) {
    SwitchConfig config = node_config();
    config.p2p.max_packet_msg_payload_size = payload;
    EXPECT_THROW(add(config), std::invalid_argument) << payload;
  }
}

TEST_F(SwitchSettings, DialTimeoutIsHowLongAnAddressIsTried) {
  SwitchConfig config = node_config();
  config.p2p.dial_timeout = 700ms;
  SimNode& a = add(config);
  SimNode& b = add();
  black_hole(a, b);
  a.node->dial(b.address());
  world.run_for(690ms);
  EXPECT_FALSE(a.dial_failure());
  world.run_for(20ms);
  EXPECT_EQ(a.dial_failure(), Reason::connect_timed_out);
}

TEST_F(SwitchSettings, HandshakeTimeoutHoldsForBothSidesAndIsNeverOverFiveSeconds) {
  for (const auto& [set, held] : {std::pair{1500ms, 1500ms}, std::pair{20000ms, 5000ms}}) {
    SwitchConfig config = node_config();
    config.p2p.handshake_timeout = set;
    const auto number = static_cast<std::uint8_t>(nodes.size() + 1);
    SimNode& a = add_at(IpAddress::v4(10, number, 0, 1), config);
    // A host that connects and says nothing.
    sim::SimHost& silent = world.add_host({IpAddress::v4(10, 100, number, 1)});
    std::unique_ptr<conn::Stream> stream;
    const auto connecting =
        silent.connect(silent.shard(0), conn::Endpoint{ip_of(a), 26656}, 3s,
                       [&](conn::Result<std::unique_ptr<conn::Stream>> connected_stream) {
                         stream = std::move(*connected_stream);
                       });
    ASSERT_TRUE(until([&] { return a.node->snapshot()->handshakes == 1 || stream; }));
    world.run_for(held - 100ms);
    EXPECT_FALSE(a.refusal());
    world.run_for(200ms);
    EXPECT_EQ(a.refusal(), Reason::silent);
    EXPECT_EQ(a.node->snapshot()->handshakes, 0u);
  }
}

TEST_F(SwitchSettings, PrivateIdsAreKnownAsSuch) {
  SwitchConfig config = node_config();
  config.p2p.private_peer_ids = {test::numbered_key(2).id()};
  SimNode& a = add(config);
  SimNode& b = add();
  SimNode& c = add();
  ASSERT_TRUE(connect(a, b));
  ASSERT_TRUE(connect(a, c));
  EXPECT_TRUE(a.peer(b)->is_private());
  EXPECT_FALSE(a.peer(c)->is_private());
  a.node->remove_private_peer(b.id());
  a.node->add_private_peer(c.id());
  world.run_for(1s);
  EXPECT_FALSE(a.peer(b)->is_private());
  EXPECT_TRUE(a.peer(c)->is_private());
}

TEST_F(SwitchSettings, TheIntroductionIsWhatTheConfigurationSays) {
  SwitchConfig config = node_config();
  config.moniker = "the-moniker";
  config.version = "9.8.7";
  config.app_version = 6;
  config.tx_index = "on";
  config.rpc_address = "tcp://127.0.0.1:26657";
  SimNode& a = add(config);
  SimNode& b = add();
  ASSERT_TRUE(connect(b, a));
  const NodeInfo& info = b.peer(a)->info();
  EXPECT_EQ(info.moniker, "the-moniker");
  EXPECT_EQ(info.version, "9.8.7");
  EXPECT_EQ(info.app_version, 6u);
  EXPECT_EQ(info.tx_index, "on");
  EXPECT_EQ(info.rpc_address, "tcp://127.0.0.1:26657");
  EXPECT_EQ(info.channels, std::vector{kEcho});
}

}  // namespace
}  // namespace peerage::p2p

#include "p2p/connect/acceptor.h"

#include <gtest/gtest.h>

#include "p2p/base/peer_reason.h"
#include "tests/support/connecting_node.h"

namespace peerage::p2p {
namespace {

using conn::IpAddress;
using test::ConnectingNode;
using namespace std::chrono_literals;

using Lines = std::vector<std::string>;

struct AcceptorTest : testing::Test {
  sim::SimWorld world{5};
  ConnectingNode here{world.add_host({IpAddress::v4(10, 0, 0, 1)}), 1};
  ConnectingNode there{world.add_host({IpAddress::v4(10, 1, 0, 1)}), 2};

  void SetUp() override {
    ASSERT_TRUE(here.listen());
    there.runner.open();
  }
  void TearDown() override {
    here.acceptor.close();
    there.runner.close();
  }
  // A connection from there that sends these pieces, and then ends, or is reset.
  enum class End : std::uint8_t { close, reset, half, none };
  void visit(const std::vector<std::string>& pieces, End end = End::close) {
    visit(here, pieces, end);
  }
  void visit(ConnectingNode& to, const std::vector<std::string>& pieces, End end = End::close) {
    std::unique_ptr<conn::Stream> stream;
    const auto pending =
        there.host.connect(there.host.shard(0), conn::Endpoint{to.host.address(), 26656}, 5s,
                           [&](auto connected) { stream = std::move(connected.value()); });
    ASSERT_TRUE(world.run_until([&] { return stream != nullptr; }, 1s));
    for (const std::string& piece : pieces) {
      const conn::ByteView bytes = conn::as_bytes(piece);
      stream->write({&bytes, 1});
      world.run_for(100ms);
    }
    if (end == End::reset) world.reset(to.host.address(), there.host.address());
    if (end == End::half) stream->shutdown_write();
    if (end == End::close) stream->close();
    world.run_for(end == End::none ? kHandshakeTimeout + 1s : 500ms);
  }
  std::uint64_t probes() const { return here.counters.get(Counter::probes); }
  void dial_here() {
    ASSERT_TRUE(there.dialer.request(here.address(), DialPurpose::requested, world.now()));
    there.runner.wake();
  }
};

TEST_F(AcceptorTest, ANodeThatProvesItselfIsHandedOverAndThenItsHandshakeIsOver) {
  dial_here();
  world.run_for(1s);
  EXPECT_EQ(here.arrivals.lines, (Lines{"proven", "over: 10.1.0.1"}));
  ASSERT_EQ(here.arrivals.nodes.size(), 1u);
  EXPECT_EQ(here.arrivals.nodes[0].summary().id, there.id());
  EXPECT_EQ(here.arrivals.nodes[0].direction, Direction::inbound);
  EXPECT_EQ(here.counters.get(Counter::accepted), 1u);
  EXPECT_EQ(here.admission.half_open().size(), 0u);
}

TEST_F(AcceptorTest, AHandshakeThatComesToNothingFailsAndIsOverAtItsDeadline) {
  dial_here();
  world.run_until([&] { return here.admission.half_open().size() == 1; }, 1s);
  world.black_hole(here.host.address(), there.host.address());
  world.run_for(kHandshakeTimeout - 1s);
  EXPECT_EQ(here.arrivals.lines, Lines{});
  EXPECT_EQ(here.admission.half_open().size(), 1u);
  world.run_for(2s);
  ASSERT_EQ(here.arrivals.lines.size(), 2u);
  EXPECT_EQ(here.arrivals.lines[0].substr(0, 7), "failed:");
  EXPECT_EQ(here.arrivals.lines[1], "over: 10.1.0.1");
  EXPECT_EQ(here.admission.half_open().size(), 0u);
}

TEST_F(AcceptorTest, AHostThatIsBannedIsRefusedOnArrivalAndNothingElseIsSaidOfIt) {
  ASSERT_TRUE(here.admission.bans().add(
      {conn::Cidr(there.host.address()), world.now() + 1h, "a test", conn::BanOrigin::operator_},
      world.now()));
  dial_here();
  world.run_for(1s);
  EXPECT_EQ(here.arrivals.lines, Lines{"refused on arrival: banned"});
  EXPECT_EQ(here.counters.get(Counter::refused_at_accept), 1u);
}

TEST_F(AcceptorTest, AConnectionThatEndsWithoutAByteIsAProbeHoweverItEnds) {
  for (const End end : {End::close, End::reset, End::half}) {
    here.arrivals.lines.clear();
    visit({}, end);
    EXPECT_EQ(here.arrivals.lines, (Lines{"probe", "over: 10.1.0.1"}));
  }
  EXPECT_EQ(probes(), 3u);
  here.counters.for_each_failure([](Direction, conn::Reason reason, std::uint64_t) {
    ADD_FAILURE() << "a probe is no failure: " << name(reason);
  });
}

TEST_F(AcceptorTest, OneThatStaysSilentUntilItsDeadlineIsNoProbe) {
  visit({}, End::none);
  EXPECT_EQ(here.arrivals.lines, (Lines{"failed: silent", "over: 10.1.0.1"}));
  EXPECT_EQ(probes(), 0u);
}

TEST_F(AcceptorTest, AnotherProtocolIsNamedHoweverItIsSplitAndAlsoByItsFirstBytes) {
  const std::string v2("\r\n\r\n\0\r\nQUIT\n\x20\0\0\0", 16);
  const std::vector<std::pair<std::vector<std::string>, std::string>> visits = {
      {{"PROXY TCP4 198.51.100.7 192.0.2.1 1 2\r\n"}, "proxy_header"},
      {{"P", "ROXY UNKN", "OWN\r\n"}, "proxy_header"},
      {{"PROX"}, "proxy_header"},
      {{v2}, "proxy_header"},
      {{v2.substr(0, 4), v2.substr(4)}, "proxy_header"},
      {{v2.substr(0, 5)}, "proxy_header"},
      {{"G", "ET / HTTP/1.1\r\n\r\n"}, "speaks_http"},
      {{"SSH"}, "speaks_ssh"},
      {{std::string("\x16\x03\x01", 3)}, "speaks_tls"},
      {{"\x9c\x1f"}, "not_a_comet_node"},
  };
  for (const auto& [pieces, reason] : visits) {
    here.arrivals.lines.clear();
    visit(pieces);
    EXPECT_EQ(here.arrivals.lines, (Lines{"failed: " + reason, "over: 10.1.0.1"})) << pieces[0];
  }
  // One that begins so and stays is named by it, too.
  here.arrivals.lines.clear();
  visit({"PROXY"}, End::none);
  EXPECT_EQ(here.arrivals.lines, (Lines{"failed: proxy_header", "over: 10.1.0.1"}));
}

TEST_F(AcceptorTest, WhatBringsNothingOfACometNodeTakesNoConnectionFromItsHost) {
  for (int i = 0; i < 30; ++i) {
    visit({});
    visit({"GET / HTTP/1.1\r\n\r\n"});
  }
  here.arrivals.lines.clear();
  dial_here();
  world.run_for(1s);
  EXPECT_EQ(here.arrivals.lines, (Lines{"proven", "over: 10.1.0.1"}));
}

TEST_F(AcceptorTest, NoiseTakesAConnectionOfItsHost) {
  AdmissionConfig rules;
  rules.rate.interval = 1h;
  ConnectingNode tight(world.add_host({IpAddress::v4(10, 2, 0, 1)}), 3, rules);
  ASSERT_TRUE(tight.listen());
  for (int i = 0; i < 16; ++i) visit(tight, {"\x9c\x1f"});
  EXPECT_EQ(tight.counters.get(Counter::handshakes_inbound), 16u);
  visit(tight, {"\x22"});
  EXPECT_EQ(tight.counters.refused_at_accept(PeerReason::connection_rate_exceeded), 1u);
  tight.acceptor.close();
}

TEST_F(AcceptorTest, WhereAHostHasNoConnectionLeftAProbeIsStillOneAndAClientIsRefusedUnanswered) {
  AdmissionConfig rules;
  rules.rate.interval = 1h;
  ConnectingNode tight(world.add_host({IpAddress::v4(10, 2, 0, 1)}), 3, rules);
  ASSERT_TRUE(tight.listen());
  const std::string key = std::string("\x22\x0a\x20", 3) + std::string(32, '\x09');
  for (int i = 0; i < 16; ++i) visit(tight, {key});
  const auto begun = tight.counters.get(Counter::handshakes_inbound);
  EXPECT_EQ(begun, 16u);
  tight.arrivals.lines.clear();
  visit(tight, {});
  visit(tight, {"PROXY TCP4 198.51.100.7 192.0.2.1 1 2\r\n"});
  visit(tight, {key});
  visit(tight, {"\x22"}, End::half);
  visit(tight, {}, End::reset);
  visit(tight, {}, End::none);
  const std::string over = "over: 10.1.0.1";
  const std::string refused = "refused on arrival: connection_rate_exceeded";
  EXPECT_EQ(tight.arrivals.lines, (Lines{"probe", over, "failed: proxy_header", over, refused, over,
                                         refused, over, "probe", over, "failed: silent", over}));
  EXPECT_EQ(tight.counters.get(Counter::handshakes_inbound), begun) << "no cryptography";
  EXPECT_EQ(tight.counters.refused_at_accept(PeerReason::connection_rate_exceeded), 2u);
  EXPECT_EQ(tight.admission.half_open().size(), 0u);
  tight.acceptor.close();
}

TEST_F(AcceptorTest, WhatClosingEndsIsNotReported) {
  dial_here();
  world.run_until([&] { return here.admission.half_open().size() == 1; }, 1s);
  here.acceptor.close();
  world.run_for(1min);
  EXPECT_EQ(here.arrivals.lines, Lines{});
  EXPECT_EQ(here.admission.half_open().size(), 0u);
}

}  // namespace
}  // namespace peerage::p2p

// What is refused inbound: each has its count, its reason and its line; probes are counted apart;
// and an address that many share is named.
#include <algorithm>
#include <string>

#include "conn/comet/foreign_protocol.h"
#include "p2p/base/peer_reason.h"
#include "tests/support/log_lines.h"
#include "tests/support/switch_fixture.h"

namespace peerage::p2p {
namespace {

using conn::Cidr;
using conn::ForeignReason;
using conn::IpAddress;
using conn::Reason;
using test::node_config;
using test::SimNode;
using namespace std::chrono_literals;

const std::string kKey = std::string("\x22\x0a\x20", 3) + std::string(32, '\x09');
const std::string kProxyHeader = "PROXY TCP4 198.51.100.7 192.0.2.1 40000 26656\r\n";

struct SwitchRefusals : test::SwitchFixture {
  std::shared_ptr<test::LogLines> log = std::make_shared<test::LogLines>();
  SimNode* hub = nullptr;
  std::uint8_t next_host = 0;
  std::vector<std::unique_ptr<SimNode>> others;  // that share a host

  SimNode& add_hub(SwitchConfig config = node_config()) {
    config.log = log;
    hub = &add(config);
    return *hub;
  }
  sim::SimHost& new_host() { return world.add_host({IpAddress::v4(30, ++next_host, 0, 1)}); }

  // A connection that sends this and then ends, or waits for the hub to end it.
  enum class End : std::uint8_t { close, wait };
  void visit(sim::SimHost& from, const std::string& bytes, End end = End::close) {
    std::unique_ptr<conn::Stream> stream;
    const auto pending =
        from.connect(from.shard(0), conn::Endpoint{ip_of(*hub), 26656}, 5s,
                     [&](auto connected) { stream = std::move(connected.value()); });
    ASSERT_TRUE(until([&] { return stream != nullptr; }));
    const conn::ByteView view = conn::as_bytes(bytes);
    if (!bytes.empty()) stream->write({&view, 1});
    world.run_for(end == End::wait ? 6s : 50ms);
    stream->close();
    world.run_for(50ms);
  }
  std::uint64_t refused(Reason reason) const { return hub->node->counters().refusals(reason); }
  std::uint64_t refused() const {
    std::uint64_t all = 0;
    hub->node->counters().for_each_refusal([&](Reason, std::uint64_t count) { all += count; });
    return all;
  }
  std::size_t lines_with(const std::string& text) const {
    return static_cast<std::size_t>(std::count_if(
        log->lines.begin(), log->lines.end(),
        [&](const std::string& line) { return line.find(text) != std::string::npos; }));
  }
  std::size_t lines_above_debug() const {
    return static_cast<std::size_t>(
        std::count_if(log->lines.begin(), log->lines.end(),
                      [](const std::string& line) { return line.rfind("debug", 0) != 0; }));
  }
  // `cause` brings about one refusal, which is counted and has its line.
  void expect_refusal(conn::Stage stage, Reason reason, const std::string& from,
                      const std::function<void()>& cause) {
    SCOPED_TRACE(name(reason));
    const std::uint64_t before = refused(reason), all_before = refused();
    log->lines.clear();
    cause();
    ASSERT_TRUE(until([&] { return refused(reason) > before; }));
    EXPECT_EQ(refused(), all_before + 1);
    EXPECT_EQ(lines_with(" socket=" + from), 1u);
    EXPECT_EQ(lines_with(" stage=" + std::string(name(stage)) +
                         " reason=" + std::string(name(reason)) + " "),
              1u);
    world.run_for(2s);  // the lines of a kind are bounded
  }
  // A node that dials the hub, from where no other is.
  void dial_from_elsewhere(const SwitchConfig& config = node_config()) {
    add(config).node->dial(hub->address());
  }
  std::string next_address() const { return "10." + std::to_string(nodes.size() + 1) + ".0.1:"; }

  void TearDown() override {
    for (const auto& each : others) each->stop();
    until([&] {
      return std::all_of(others.begin(), others.end(), [](auto& each) { return each->stopped; });
    });
    SwitchFixture::TearDown();
  }
};

TEST_F(SwitchRefusals, EachIsCountedByItsReasonAndHasALineWithAddressAndStageAtWhateverGate) {
  add_hub();
  using conn::Stage;
  const auto say = [&](const std::string& bytes, End end = End::close) {
    return [this, bytes, end] { visit(new_host(), bytes, end); };
  };
  const auto next_visitor = [&] { return "30." + std::to_string(next_host + 1) + ".0.1:"; };
  expect_refusal(Stage::key_exchange, ForeignReason::proxy_header, next_visitor(),
                 say(kProxyHeader));
  expect_refusal(Stage::key_exchange, Reason::speaks_http, next_visitor(),
                 say("GET / HTTP/1.1\r\n\r\n"));
  expect_refusal(Stage::key_exchange, Reason::silent, next_visitor(), say("", End::wait));
  expect_refusal(Stage::key_exchange, Reason::closed_before_key, next_visitor(), say("\x22"));
  expect_refusal(Stage::key_exchange, Reason::ephemeral_key_malformed, next_visitor(),
                 say("\x22\x08"));
  expect_refusal(Stage::authentication, Reason::authentication_timed_out, next_visitor(),
                 say(kKey, End::wait));
  expect_refusal(Stage::authentication, Reason::closed_before_authentication, next_visitor(),
                 say(kKey));

  SwitchConfig other_network = node_config();
  other_network.networks = {"other-chain"};
  expect_refusal(Stage::node_info, Reason::wrong_network, next_address(),
                 [&] { dial_from_elsewhere(other_network); });

  sim::SimHost& mirror = new_host();
  expect_refusal(
      Stage::authentication, Reason::connected_to_self, mirror.address().to_string() + ":", [&] {
        others.push_back(std::make_unique<SimNode>(mirror, 1));  // the hub's key
        others.back()->start();
        world.run_for(100ms);
        // Under another ID, for it would not dial its own.
        others.back()->node->dial({test::numbered_key(99).id(), ip_of(*hub).to_string(), 26656});
      });

  hub->node->ban(Cidr(IpAddress::v4(10, static_cast<std::uint8_t>(nodes.size() + 1), 0, 1)), 1h,
                 "a test");
  expect_refusal(Stage::admission, PeerReason::banned, next_address(),
                 [&] { dial_from_elsewhere(); });
  hub->node->ban(test::numbered_key(static_cast<std::uint32_t>(nodes.size() + 1)).id(), 1h,
                 "a test");
  expect_refusal(Stage::admission, PeerReason::banned, next_address(),
                 [&] { dial_from_elsewhere(); });

  SimNode& neighbour = add();
  ASSERT_TRUE(connect(neighbour, *hub));
  sim::SimHost& shared = host_of(neighbour);
  SwitchConfig other_port = node_config();
  other_port.p2p.laddr = "tcp://0.0.0.0:1";
  expect_refusal(Stage::admission, PeerReason::too_many_from_address,
                 shared.address().to_string() + ":", [&] {
                   others.push_back(std::make_unique<SimNode>(shared, 500, other_port));
                   others.back()->start();
                   world.run_for(100ms);
                   others.back()->node->dial(hub->address());
                 });
}

TEST_F(SwitchRefusals, OneForWhichThereIsNoSlotToo) {
  SwitchConfig config = node_config();
  config.p2p.max_num_inbound_peers = 0;
  add_hub(config);
  expect_refusal(conn::Stage::admission, PeerReason::no_free_slot, next_address(),
                 [&] { dial_from_elsewhere(); });
  EXPECT_EQ(hub->node->counters().failures(Direction::inbound, PeerReason::no_free_slot), 1u);
}

TEST_F(SwitchRefusals, TheLineOfAProxyHeaderSaysWhatToDoAndQuotesNothingOfIt) {
  add_hub();
  visit(new_host(), kProxyHeader);
  EXPECT_EQ(lines_with("send-proxy"), 1u);
  EXPECT_EQ(lines_with("198.51.100.7"), 0u);
}

TEST_F(SwitchRefusals, ADialThatMeetsAProxyHeaderSaysSoToo) {
  add_hub();
  sim::SimHost& host = new_host();
  std::vector<std::unique_ptr<conn::Stream>> accepted;
  const auto listener = host.listen(host.shard(0), {host.address(), 1000},
                                    [&](std::unique_ptr<conn::Arrival> arrival) {
                                      accepted.push_back(arrival->claim(host.shard(0)));
                                      const conn::ByteView words = conn::as_bytes(kProxyHeader);
                                      accepted.back()->write({&words, 1});
                                    });
  hub->node->dial({test::numbered_key(7).id(), host.address().to_string(), 1000});
  EXPECT_TRUE(until([&] { return hub->dial_failure() == Reason(ForeignReason::proxy_header); }));
}

// --- health checks and load balancers ---

TEST_F(SwitchRefusals, OneProbeASecondKeepsNoneOfTwelveClientsBehindTheSameAddressOut) {
  add_hub();
  sim::SimHost& balancer = new_host();
  int in = 0;
  // One client each five seconds, after a minute of probes alone.
  for (int second = 0; second < 120; ++second) {
    visit(balancer, "");
    if (second >= 60 && second % 5 == 0) {
      const auto number = static_cast<std::uint32_t>(1'000 + second);
      SimNode client(balancer, number);
      client.start();
      world.run_for(10ms);
      client.node->dial(hub->address());
      if (until([&] { return connected(client, *hub); }, 500ms)) ++in;
      client.stop();
      ASSERT_TRUE(until([&] { return client.stopped; }));
    }
    world.run_for(900ms);
  }
  EXPECT_EQ(in, 12);
  EXPECT_EQ(refused(), 0u);
  EXPECT_EQ(hub->node->counters().get(Counter::probes), 120u);
}

TEST_F(SwitchRefusals, ProbesAreNoReasonToWarnAndRaiseNoEvent) {
  add_hub();
  sim::SimHost& balancer = new_host();
  log->lines.clear();
  for (int i = 0; i < 600; ++i) {
    visit(balancer, "");
    world.run_for(900ms);
  }
  EXPECT_EQ(lines_above_debug(), 0u);
  EXPECT_GT(lines_with("closed without a byte from=" + balancer.address().to_string()), 100u);
  EXPECT_EQ(hub->node->counters().get(Counter::probes), 600u);
  EXPECT_EQ(refused(), 0u);
  EXPECT_EQ(hub->events<Refused>().size(), 0u);
}

TEST_F(SwitchRefusals, AnAddressThatManyShareIsNamedOnceAnHourWithTheSettingThatHelps) {
  add_hub();
  sim::SimHost& balancer = new_host();
  const std::string named = "warn connections from one address are refused again and again from=" +
                            balancer.address().to_string();
  const auto crowd = [&](int seconds) {
    for (int i = 0; i < seconds; ++i) {
      visit(balancer, kKey);
      world.run_for(900ms);
    }
  };
  crowd(15);
  EXPECT_EQ(lines_with(named), 0u) << "each had a connection";
  crowd(105);
  EXPECT_EQ(lines_with(named), 1u);
  EXPECT_EQ(lines_with("exempt_networks = \"" + balancer.address().to_string() + "\""), 1u);
  world.run_for(1h);
  log->lines.clear();
  crowd(60);
  EXPECT_EQ(lines_with(named), 1u);
}

TEST_F(SwitchRefusals, OnAnExemptNetworkTheyAreLetInAndNothingIsNamed) {
  SwitchConfig config = node_config();
  config.exempt_networks = {*Cidr::parse("30.0.0.0/8")};
  add_hub(config);
  sim::SimHost& balancer = new_host();
  for (int i = 0; i < 60; ++i) visit(balancer, kKey);
  EXPECT_EQ(refused(PeerReason::connection_rate_exceeded), 0u);
  EXPECT_EQ(refused(Reason::closed_before_authentication), 60u);
  EXPECT_EQ(lines_with("again and again"), 0u);
}

}  // namespace
}  // namespace peerage::p2p

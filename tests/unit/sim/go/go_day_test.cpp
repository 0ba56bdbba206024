// Go nodes of each version on a seed of ours, in networks too small to fill their outbound slots,
// so that they never stop asking: none is ever held to have done wrong, and one that comes late
// meets all.
#include <gtest/gtest.h>

#include "tests/sim/go/go_node.h"
#include "tests/support/effort.h"
#include "tests/support/pex_world.h"

namespace peerage::sim::go {
namespace {

using namespace std::chrono_literals;
using test::PexNode;
using Version = GoPexConfig::Version;

const int kHours = test::by_effort<int>({.whole = 24, .usual = 2, .sanitized = 1});

struct Network {
  const char* name;
  std::size_t nodes;
  std::size_t per_host;
  // Exempt: private addresses, in books that are not strict.
  enum class Hosts : std::uint8_t { ordinary, exempt } hosts = Hosts::ordinary;
  std::vector<Version> versions;  // of the nodes in turn
};

std::ostream& operator<<(std::ostream& out, const Network& network) {
  return out << network.name;
}

const std::vector<Version> kMixed = {Version::v034, Version::v038, Version::v039};

class GoDay : public test::PexWorld, public testing::WithParamInterface<Network> {
 protected:
  GoDay() : PexWorld(GetParam().nodes) {}

  std::vector<std::unique_ptr<GoNode>> go;
  SimHost* host = nullptr;
  std::size_t bans = 0;

  static bool exempt() { return GetParam().hosts == Network::Hosts::exempt; }
  static conn::IpAddress::Strict strict() {
    return exempt() ? conn::IpAddress::Strict::no : conn::IpAddress::Strict::yes;
  }

  PexNode& add_watched_seed() {
    PexNode::Plan plan = seed_plan();
    plan.pex.strict = strict();
    plan.node.liveness = kRarePings;
    PexNode& seed = add(std::move(plan));
    seed.on_event = [this](const p2p::SwitchEvent& event) {
      if (std::holds_alternative<p2p::Banned>(event)) ++bans;
    };
    return seed;
  }
  GoNode& add_go(const PexNode& seed) {
    const std::size_t number = go.size();
    const std::size_t host_number = 100 + number / GetParam().per_host;
    if (number % GetParam().per_host == 0) {
      host = &world.add_host(
          {exempt() ? conn::IpAddress::v4(10, 1, 1, static_cast<std::uint8_t>(number + 1))
                    : ip_of(host_number)},
          2);
    }
    GoNode::Plan plan;
    plan.version = GetParam().versions[number % GetParam().versions.size()];
    plan.seeds = {seed.address()};
    plan.strict = strict();
    plan.node.p2p.laddr = "tcp://0.0.0.0:" + std::to_string(26656 + number % GetParam().per_host);
    plan.node.liveness = kRarePings;
    // Several on a host is what operators allow where they run them so.
    plan.node.p2p.allow_duplicate_ip = GetParam().per_host > 1;
    go.push_back(std::make_unique<GoNode>(*host, static_cast<std::uint32_t>(100 + number), plan));
    go.back()->start();
    EXPECT_TRUE(until([&] { return go.back()->started(); }, 1s));
    return *go.back();
  }
  void expect_nothing_held_against_anyone(PexNode& seed) {
    const auto counts = seed.report(world).counts;
    EXPECT_EQ(counts.offences, 0u);
    EXPECT_EQ(counts.unsolicited + counts.malformed, 0u);
    EXPECT_EQ(bans, 0u);
    EXPECT_EQ(seed.book().resting(), 0u);
    for (const auto& each : go) EXPECT_FALSE(each->book().is_banned(seed.address().id));
  }
  void TearDown() override {
    for (const auto& each : go) each->stop();
    world.run_for(10s);
    PexWorld::TearDown();
  }
};

TEST_P(GoDay, BringsNoOffenceNoBanAndNoBadMarkAndALateNodeMeetsAll) {
  PexNode& seed = add_watched_seed();
  while (go.size() + 1 < GetParam().nodes) add_go(seed);
  world.run_for(29min);
  GoNode& late = add_go(seed);
  // No more than its outbound slots.
  const std::size_t all = std::min<std::size_t>(GetParam().nodes - 1, 10);
  EXPECT_TRUE(until([&] { return late.peers() >= all; }, 2min)) << late.peers() << " of " << all;
  world.run_for(kHours * 1h);
  if (all < 10) {
    EXPECT_GT(seed.report(world).counts.ignored, 0u) << "or this shows nothing";
  }
  expect_nothing_held_against_anyone(seed);
}

INSTANTIATE_TEST_SUITE_P(
    Networks, GoDay,
    testing::Values(Network{"V034", 6, 1, Network::Hosts::ordinary, {Version::v034}},
                    Network{"V038", 6, 1, Network::Hosts::ordinary, {Version::v038}},
                    Network{"V039", 6, 1, Network::Hosts::ordinary, {Version::v039}},
                    Network{"Two", 2, 1, Network::Hosts::ordinary, kMixed},
                    Network{"Twelve", 12, 1, Network::Hosts::ordinary, kMixed},
                    Network{"Fifty", 50, 1, Network::Hosts::ordinary, kMixed},
                    Network{"ThreeAHost", 6, 3, Network::Hosts::ordinary, {Version::v038}},
                    Network{"MixedThreeAHost", 12, 3, Network::Hosts::ordinary, kMixed},
                    Network{"ExemptThreeAHost", 7, 3, Network::Hosts::exempt, kMixed}),
    [](const auto& each) { return std::string(each.param.name); });

}  // namespace
}  // namespace peerage::sim::go

#include "tests/support/pex_world.h"

#include <algorithm>
#include <utility>

namespace peerage::test {

PexNode::PexNode(sim::SimHost& host, std::uint32_t number, Plan plan)
    : host_(host), plan_(std::move(plan)), number_(number) {
  make();
}
PexNode::~PexNode() {
  EXPECT_TRUE(!node || stopped);
}

void PexNode::start() {
  books->open([this](const auto& opened) {
    EXPECT_TRUE(opened);
    if (!node) return;  // the test has destroyed it
    node->start([this](const conn::Result<void>& result) { started = result.has_value(); });
  });
}
void PexNode::stop() {
  node->stop([this] { stopped = true; });
}
void PexNode::make_anew() {
  node.reset();
  make();
}

conn::HostAddress PexNode::address() const {
  return {node->id(), host_.address().to_string(), 26656};
}
std::size_t PexNode::peers() const {
  return node->snapshot()->peers.size();
}
std::size_t PexNode::outbound() const {
  return node->snapshot()->outbound;
}
std::size_t PexNode::inbound() const {
  return node->snapshot()->inbound;
}
pex::PexReport PexNode::report(sim::SimWorld& world) const {
  pex::PexReport report;
  bool has = false;
  pex->report([&](const pex::PexReport& now) {
    report = now;
    has = true;
  });
  EXPECT_TRUE(world.run_until([&] { return has; }, 1s));
  return report;
}

void PexNode::make() {
  p2p::SwitchConfig config = plan_.node;
  config.networks = plan_.networks;
  pex::prepare(config, plan_.pex);
  const conn::NodeKey key = numbered_key(number_);
  books = std::make_shared<pex::NetworkBooks>(
      host_, key.id(),
      pex::NetworkBooks::Settings{plan_.book, plan_.networks,
                                  pex::book_config(config.p2p, plan_.pex), plan_.provenance});
  pex = std::make_shared<pex::PexReactor>(host_, books, plan_.pex);
  node = std::make_unique<p2p::Switch>(host_, numbered_key(number_), config);
  pex::PexReactor::attach(*node, pex);
  if (plan_.reactor) node->add_reactor(plan_.reactor);
  node->on_event([this](const p2p::SwitchEvent& event) {
    if (on_event) on_event(event);
  });
  started = stopped = false;
}

PexWorld::PexWorld(std::uint64_t seed) : world(seed) {}
PexWorld::~PexWorld() = default;

conn::IpAddress PexWorld::ip_of(std::size_t number) {
  return conn::IpAddress::v4(static_cast<std::uint8_t>(20 + number / 200),
                             static_cast<std::uint8_t>(1 + number % 200), 3, 1);
}
PexNode& PexWorld::add(PexNode::Plan plan) {
  const std::size_t number = nodes.size() + 1;
  sim::SimHost& host = world.add_host({ip_of(number)}, 2);
  nodes.push_back(
      std::make_unique<PexNode>(host, static_cast<std::uint32_t>(number), std::move(plan)));
  PexNode& node = *nodes.back();
  node.start();
  EXPECT_TRUE(world.run_until([&] { return node.started; }, 1s));
  return node;
}
void PexWorld::restart(PexNode& node) {
  node.stop();
  EXPECT_TRUE(until([&] { return node.stopped; }, 30s));
  node.make_anew();
  node.start();
  EXPECT_TRUE(until([&] { return node.started; }, 1s));
}
PexNode::Plan PexWorld::plan_with_seeds(std::vector<conn::HostAddress> seeds) {
  PexNode::Plan plan;
  plan.pex.seeds = std::move(seeds);
  return plan;
}
PexNode::Plan PexWorld::seed_plan() {
  PexNode::Plan plan;
  plan.pex = pex::PexConfig::seed();
  return plan;
}
bool PexWorld::until(const std::function<bool()>& done, conn::Duration limit) {
  return world.run_until(done, limit);
}
void PexWorld::TearDown() {
  for (const auto& node : nodes) node->stop();
  EXPECT_TRUE(until(
      [this] {
        return std::all_of(nodes.begin(), nodes.end(),
                           [](const auto& node) { return node->stopped; });
      },
      30s));
}

}  // namespace peerage::test

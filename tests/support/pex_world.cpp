#include "tests/support/pex_world.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace peerage::test {

PexNode::PexNode(sim::SimHost& host, std::uint32_t number, Plan plan)
    : host_(host), plan_(std::move(plan)), number_(number) {
  make();
}
PexNode::~PexNode() {
  EXPECT_TRUE(!whole || stopped);
}

void PexNode::start() {
  whole->start([this](const conn::Result<void>& result) { started = result.has_value(); });
}
void PexNode::stop() {
  whole->stop([this](const conn::Result<void>& saved) { stopped = saved.has_value(); });
}
void PexNode::make_anew() {
  whole.reset();
  make();
}

conn::HostAddress PexNode::address() const {
  return {whole->id(), host_.address().to_string(), 26656};
}
std::size_t PexNode::peers() const {
  return net().snapshot()->peers.size();
}
std::size_t PexNode::outbound() const {
  return net().snapshot()->outbound;
}
std::size_t PexNode::inbound() const {
  return net().snapshot()->inbound;
}
pex::PexReport PexNode::report(sim::SimWorld& world) const {
  pex::PexReport report;
  bool has = false;
  whole->report([&](const pex::PexReport& now) {
    report = now;
    has = true;
  });
  EXPECT_TRUE(world.run_until([&] { return has; }, 1s));
  return report;
}

void PexNode::make() {
  pex::NodeConfig config;
  config.connections = plan_.node;
  config.exchange = plan_.pex;
  config.networks = plan_.networks;
  config.book_file = plan_.book;
  config.provenance = plan_.provenance;
  config.discovery = plan_.discovery;
  auto made = pex::Node::create(host_, std::move(config), numbered_key(number_));
  if (!made) throw std::invalid_argument(made.error().text());
  whole = std::move(*made);
  if (plan_.reactor) whole->add_reactor(plan_.reactor);
  whole->on_event([this](const p2p::SwitchEvent& event) {
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

#include "tests/support/switch_fixture.h"

#include <cstdint>
#include <string>
#include <utility>

namespace peerage::test {

SwitchFixture::SwitchFixture() = default;
SwitchFixture::~SwitchFixture() = default;

SimNode& SwitchFixture::add(p2p::SwitchConfig config) {
  return add(std::move(config), std::make_shared<RecordingReactor>());
}
SimNode& SwitchFixture::add(p2p::SwitchConfig config, std::shared_ptr<RecordingReactor> reactor) {
  const auto number = static_cast<std::uint8_t>(nodes.size() + 1);
  return add_at(conn::IpAddress::v4(10, number, 0, 1), std::move(config), std::move(reactor));
}
SimNode& SwitchFixture::add_at(conn::IpAddress ip, p2p::SwitchConfig config) {
  return add_at(ip, std::move(config), std::make_shared<RecordingReactor>());
}
SimNode& SwitchFixture::add_at(conn::IpAddress ip, p2p::SwitchConfig config,
                               std::shared_ptr<RecordingReactor> reactor) {
  hosts.push_back(&world.add_host({ip}, 2));
  nodes.push_back(std::make_unique<SimNode>(*hosts.back(),
                                            static_cast<std::uint32_t>(nodes.size() + 1),
                                            std::move(config), std::move(reactor)));
  SimNode& node = *nodes.back();
  node.start();
  EXPECT_TRUE(world.run_until([&] { return node.started.has_value(); }, 1s));
  return node;
}
sim::SimHost& SwitchFixture::host_of(const SimNode& node) {
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (nodes[i].get() == &node) return *hosts[i];
  }
  return *hosts.front();
}
const conn::IpAddress& SwitchFixture::ip_of(const SimNode& node) {
  return host_of(node).address();
}

bool SwitchFixture::until(const std::function<bool()>& done, conn::Duration limit) {
  return world.run_until(done, limit);
}
bool SwitchFixture::connected(const SimNode& a, const SimNode& b) {
  return a.peer(b) && b.peer(a);
}
bool SwitchFixture::connect(SimNode& a, SimNode& b) {
  a.node->dial(b.address());
  return until([&] { return connected(a, b); });
}
void SwitchFixture::black_hole(const SimNode& a, const SimNode& b) {
  world.black_hole(ip_of(a), ip_of(b));
  sim::LinkPlan silent;
  silent.connect = sim::LinkPlan::Connect::ignored;
  world.set_link(ip_of(a), ip_of(b), silent);
}
void SwitchFixture::heal(const SimNode& a, const SimNode& b) {
  world.heal(ip_of(a), ip_of(b));
  world.set_link(ip_of(a), ip_of(b), {});
}
std::size_t SwitchFixture::links_between(const SimNode& a, const SimNode& b) {
  return world.open_connections(ip_of(a), ip_of(b));
}

void SwitchFixture::TearDown() {
  for (const auto& node : nodes) {
    EXPECT_EQ(node->reactor->breaches(), std::vector<std::string>{});
    if (node->node) node->stop();
  }
  EXPECT_TRUE(until([this] {
    for (const auto& node : nodes) {
      if (node->node && !node->stopped) return false;
    }
    return true;
  }));
  for (const auto& node : nodes) {
    EXPECT_EQ(node->reactor->inits(), node->reactor->removes());
    EXPECT_EQ(node->reactor->breaches(), std::vector<std::string>{});
  }
}

}  // namespace peerage::test

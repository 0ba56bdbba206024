#include "tests/support/sim_node.h"

#include <utility>

namespace peerage::test {

conn::NodeKey numbered_key(std::uint32_t number) {
  conn::ByteArray<32> seed{};
  for (std::size_t i = 0; i < 4; ++i) seed[i] = static_cast<std::uint8_t>(number >> (8 * i));
  seed[31] = 1;
  return conn::NodeKey::from_seed(conn::Secret<32>(seed));
}

p2p::SwitchConfig node_config() {
  p2p::SwitchConfig config;
  config.networks = {"test-chain"};
  config.p2p.laddr = "tcp://0.0.0.0:26656";
  return config;
}

SimNode::SimNode(sim::SimHost& host, std::uint32_t number, p2p::SwitchConfig config)
    : SimNode(host, number, std::move(config), std::make_shared<RecordingReactor>()) {}
SimNode::SimNode(sim::SimHost& host, std::uint32_t number, p2p::SwitchConfig config,
                 std::shared_ptr<RecordingReactor> recorder,
                 std::shared_ptr<p2p::Upgrader> upgrader)
    : host_(host),
      reactor(std::move(recorder)),
      node(std::make_unique<p2p::Switch>(host, numbered_key(number), std::move(config),
                                         std::move(upgrader))) {
  node->add_reactor(reactor);
  node->on_event([this](const p2p::SwitchEvent& event) { on_event(event); });
}
SimNode::~SimNode() = default;

void SimNode::start() {
  node->start([this](const conn::Result<void>& result) { started = result; });
}
void SimNode::stop() {
  node->stop([this] { stopped = true; });
}

conn::HostAddress SimNode::address() const {
  return {node->id(), host_.address().to_string(), 26656};
}
std::size_t SimNode::peers() const {
  return node->snapshot()->peers.size();
}
p2p::PeerPtr SimNode::peer(const SimNode& other) const {
  return node->find_peer(other.id());
}
std::optional<conn::Reason> SimNode::dial_failure() const {
  const auto failures = events<p2p::DialFailed>();
  if (failures.empty()) return std::nullopt;
  return failures.back().failure.reason;
}
std::optional<conn::Reason> SimNode::refusal() const {
  const auto refusals = events<p2p::Refused>();
  if (refusals.empty()) return std::nullopt;
  return refusals.back().failure.reason;
}

void SimNode::on_event(const p2p::SwitchEvent& event) {
  if (keep_events) all_events.push_back(event);
}

}  // namespace peerage::test

// A whole node on the simulated network: a switch with a recording reactor, and what it told.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "p2p/switch.h"
#include "tests/sim/sim_world.h"
#include "tests/support/peers.h"
#include "tests/support/recording_reactor.h"

namespace peerage::test {

inline conn::NodeKey numbered_key(std::uint32_t number) {
  conn::ByteArray<32> seed{};
  for (std::size_t i = 0; i < 4; ++i) seed[i] = static_cast<std::uint8_t>(number >> (8 * i));
  seed[31] = 1;
  return conn::NodeKey::from_seed(conn::Secret<32>(seed));
}

inline p2p::SwitchConfig node_config() {
  p2p::SwitchConfig config;
  config.networks = {"test-chain"};
  config.p2p.laddr = "tcp://0.0.0.0:26656";
  return config;
}

class SimNode {
 public:
  SimNode(sim::SimHost& host, std::uint32_t number, p2p::SwitchConfig config = node_config(),
          std::shared_ptr<RecordingReactor> recorder = std::make_shared<RecordingReactor>())
      : host_(host),
        reactor(std::move(recorder)),
        node(std::make_unique<p2p::Switch>(host, numbered_key(number), std::move(config))) {
    node->add_reactor(reactor);
    node->on_event([this](const p2p::SwitchEvent& event) { on_event(event); });
  }
  void start() {
    node->start([this](const conn::Result<void>& result) { started = result; });
  }
  void stop() {
    node->stop([this] { stopped = true; });
  }

  conn::HostAddress address() const { return {node->id(), host_.address().to_string(), 26656}; }
  const conn::NodeId& id() const { return node->id(); }
  std::size_t peers() const { return node->snapshot()->peers.size(); }
  p2p::PeerPtr peer(const SimNode& other) const { return node->find_peer(other.id()); }
  template <typename Event>
  std::vector<Event> events() const {
    std::vector<Event> chosen;
    for (const auto& event : all_events) {
      if (const auto* wanted = std::get_if<Event>(&event)) chosen.push_back(*wanted);
    }
    return chosen;
  }
  // The latest reason why a dial failed, or somebody was refused.
  std::optional<conn::Reason> dial_failure() const {
    const auto failures = events<p2p::DialFailed>();
    if (failures.empty()) return std::nullopt;
    return failures.back().failure.reason;
  }
  std::optional<conn::Reason> refusal() const {
    const auto refusals = events<p2p::Refused>();
    if (refusals.empty()) return std::nullopt;
    return refusals.back().failure.reason;
  }

 private:
  void on_event(const p2p::SwitchEvent& event) {
    if (keep_events) all_events.push_back(event);
  }
  sim::SimHost& host_;

 public:
  std::shared_ptr<RecordingReactor> reactor;
  std::vector<p2p::SwitchEvent> all_events;
  bool keep_events = true;
  std::optional<conn::Result<void>> started;
  bool stopped = false;
  std::unique_ptr<p2p::Switch> node;  // last: it goes first
};

}  // namespace peerage::test

// A whole node on the simulated network: a switch with a recording reactor, and its events.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "p2p/connect/upgrader.h"
#include "p2p/switch.h"
#include "tests/sim/sim_world.h"
#include "tests/support/peers.h"
#include "tests/support/recording_reactor.h"

namespace peerage::test {

conn::NodeKey numbered_key(std::uint32_t number);

p2p::SwitchConfig node_config();

class SimNode {
 public:
  SimNode(sim::SimHost& host, std::uint32_t number, p2p::SwitchConfig config = node_config());
  SimNode(sim::SimHost& host, std::uint32_t number, p2p::SwitchConfig config,
          std::shared_ptr<RecordingReactor> recorder,
          std::shared_ptr<p2p::Upgrader> upgrader = nullptr);
  ~SimNode();
  void start();
  void stop();

  conn::HostAddress address() const;
  const conn::NodeId& id() const { return node->id(); }
  std::size_t peers() const;
  p2p::PeerPtr peer(const SimNode& other) const;
  template <typename Event>
  std::vector<Event> events() const {
    std::vector<Event> chosen;
    for (const auto& event : all_events) {
      if (const auto* wanted = std::get_if<Event>(&event)) chosen.push_back(*wanted);
    }
    return chosen;
  }
  // The latest reason why a dial failed, or a node was refused.
  std::optional<conn::Reason> dial_failure() const;
  std::optional<conn::Reason> refusal() const;

 private:
  void on_event(const p2p::SwitchEvent& event);
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

// A Go node on a simulated host: a real switch, on the real wire, with the Go node's policy.
//
//   GoNode node(host, 1, {.seeds = {seed.address()}});
//   node.start();
//   world.run_for(1h);
//   node.stop(); ... node.make_anew(GoNode::Book::kept); node.start();
//
// What does not show in its policy is left as ours: two nodes that dial each other at once end with
// one connection (Go nodes often with none).
//
// The host outlives it, and so does the world; it may be destroyed at any time, running or not.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/sim/go/go_reactor.h"
#include "tests/sim/sim_world.h"

namespace peerage::sim::go {

// For long trials in which no node vanishes silently: pings, each minute on each connection, cost
// 40 times what else a node does. Both ends must have it.
inline constexpr conn::LivenessConfig kRarePings = {.ping_interval = 12h, .pong_timeout = 45s};

class GoNode {
 public:
  using KeySeed = conn::ByteArray<32>;
  struct Plan {
    // As for a node of ours; as_go() is applied. Without external_address it advertises its host's,
    // as a node that is well set up does.
    p2p::SwitchConfig node = plain_config();
    std::vector<std::string> networks = {"test-chain"};
    std::vector<conn::HostAddress> seeds = {};                      // literals
    conn::IpAddress::Strict strict = conn::IpAddress::Strict::yes;  // addr_book_strict
    GoPexConfig::Mode mode = GoPexConfig::Mode::node;
    GoPexConfig::Version version = GoPexConfig::Version::v038;
    std::optional<conn::Duration> mark_good_after = 1h;  // see GoPexConfig
    std::shared_ptr<p2p::Reactor> reactor = {};          // one more
  };
  enum class Book : std::uint8_t { kept, lost };

  // Throws std::invalid_argument for a seed that is a name.
  GoNode(SimHost& host, const KeySeed& key, Plan plan);
  // The key with this number; the tests number the keys of our own nodes alike.
  GoNode(SimHost& host, std::uint32_t number, Plan plan)
      : GoNode(host, numbered(number), std::move(plan)) {}
  ~GoNode();
  GoNode(const GoNode&) = delete;
  GoNode& operator=(const GoNode&) = delete;

  void start();
  bool started() const { return run_->started; }
  // Disconnects every peer, within 3 s.
  void stop();
  // All connections break now. It is stopped after a moment of the world's time.
  void crash();
  bool stopped() const { return run_->stopped; }
  // As a new process, after a stop. A book that is kept is that of the end, also of a crash: a Go
  // node writes its file every 2 minutes.
  void make_anew(Book book);

  const conn::NodeId& id() const { return node_->id(); }
  conn::HostAddress address() const;
  conn::NetAddress net_address() const { return {id(), {host_.address(), port_}}; }
  SimHost& host() const { return host_; }
  std::size_t peers() const { return node_->snapshot()->peers.size(); }
  std::size_t outbound() const { return node_->snapshot()->outbound; }
  std::size_t inbound() const { return node_->snapshot()->inbound; }
  // Also when it has stopped; a reference is good until make_anew.
  GoBook& book() const { return pex_->book(); }
  p2p::Switch& get_switch() const { return *node_; }

  // Events of this node and of those made anew of it.
  std::function<void(const p2p::SwitchEvent&)> on_event;

  static KeySeed numbered(std::uint32_t number);
  static p2p::SwitchConfig plain_config();

 private:
  // What outlives a node while its switch is stopping.
  struct Run {
    bool started = false;
    bool stopped = false;
    GoNode* owner = nullptr;
  };
  void make(const std::vector<GoBook::Row>& rows);

  SimHost& host_;
  const KeySeed key_;
  const Plan plan_;
  std::uint16_t port_ = 0;
  std::shared_ptr<Run> run_;
  std::shared_ptr<GoReactor> pex_;
  std::unique_ptr<p2p::Switch> node_;  // destroyed first
};

}  // namespace peerage::sim::go

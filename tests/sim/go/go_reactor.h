// Ties GoPex and its book to a switch: channel 0x00, with the policy of the Go node.
//
//   auto pex = std::make_shared<GoReactor>(runtime, settings, rows);
//   p2p::Switch node(runtime, std::move(key), as_go(switch_config));
//   GoReactor::attach(node, pex);
//
// Threads: made and attached on any, before the start; the rest on the control shard.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "p2p/switch.h"
#include "tests/sim/go/go_pex.h"

namespace peerage::sim::go {

// How the Go node's switch differs from ours, as far as settings go: slots are first come, first
// served; a peer beyond them is refused before any handshake, as by its listener (but at once,
// where a Go node lets it wait for nothing); no rates, no shares of the handshakes under way; no
// lost peer is redialled first. Its other rules are ours too.
p2p::SwitchConfig as_go(p2p::SwitchConfig config);

class GoReactor final : public p2p::Reactor, public std::enable_shared_from_this<GoReactor> {
 public:
  struct Settings {
    GoBook::Settings book;
    GoPexConfig pex;
  };
  GoReactor(conn::Runtime& runtime, Settings settings, const std::vector<GoBook::Row>& rows);

  // Adds it to a switch that has not been started.
  static void attach(p2p::Switch& node, const std::shared_ptr<GoReactor>& pex);

  GoBook& book() noexcept { return book_; }
  const GoPex& pex() const noexcept { return pex_; }

  std::string name() const override { return "go-pex"; }
  std::vector<p2p::ReactorChannel> channels() const override;
  p2p::Delivery delivery() const override { return p2p::Delivery::in_line; }
  void start(p2p::ReactorContext& context) override;
  void stop() override;
  void receive(const p2p::PeerPtr& peer, p2p::Message message) override;

 private:
  void on_event(const p2p::SwitchEvent& event);
  void on_message(const p2p::PeerPtr& peer, const p2p::Message& message);
  void act(const GoPex::Actions& actions);
  void act(const GoPex::Action& action);

  conn::Shard& control_;
  const GoBook::Random random_;
  GoBook book_;
  GoPex pex_;
  const conn::SharedBytes request_;
  std::map<conn::NodeId, p2p::PeerPtr> peers_;
  p2p::ReactorContext* context_ = nullptr;  // while the switch runs
  std::unique_ptr<conn::Timer> timer_;
  std::optional<conn::TimePoint> armed_for_;
};

}  // namespace peerage::sim::go

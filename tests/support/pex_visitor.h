// Somebody on the simulated network who speaks peer exchange by hand: says what a test tells it to,
// and keeps what comes back.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "pex/messages.h"
#include "tests/support/sim_node.h"

namespace peerage::test {

class PexVisitor {
 public:
  // `number` names its key; several on one host need ports of their own.
  PexVisitor(sim::SimHost& host, std::uint32_t number, std::uint16_t port = 26656,
             const std::string& network = "test-chain")
      : reactor_(std::make_shared<RecordingReactor>(
            std::vector<p2p::ReactorChannel>{{.descriptor = pex::kChannel}},
            p2p::Delivery::in_line)) {
    reactor_->keep_messages();
    p2p::SwitchConfig config = node_config();
    config.networks = {network};
    config.p2p.laddr = "tcp://0.0.0.0:" + std::to_string(port);
    node_ = std::make_unique<SimNode>(host, number, config, reactor_);
    node_->start();
  }

  RecordingReactor& reactor() { return *reactor_; }
  p2p::Switch& node() { return *node_->node; }
  void dial(const conn::HostAddress& target) { node().dial(target); }
  void stop() { node_->stop(); }
  bool stopped() const { return node_->stopped; }
  bool is_connected() const { return node_->peers() > 0; }
  std::size_t refusals() const { return node_->events<p2p::DialFailed>().size(); }
  std::size_t ends() const { return node_->events<p2p::Gone>().size(); }

  // To whoever is connected.
  void say(const conn::Bytes& message) {
    const auto peers = node().peers();
    for (const auto& peer : peers) peer->try_send(conn::kPexChannel, message);
  }
  void ask() { say(pex::encode_request()); }

  // The lists that came.
  std::vector<std::vector<conn::NetAddress>> lists() const {
    std::vector<std::vector<conn::NetAddress>> lists;
    for (const conn::Bytes& bytes : reactor_->messages()) {
      const auto message = pex::decode(bytes);
      if (!message) continue;
      const auto* list = std::get_if<pex::Addresses>(&*message);
      if (list != nullptr) lists.push_back(list->usable);
    }
    return lists;
  }

 private:
  std::shared_ptr<RecordingReactor> reactor_;
  std::unique_ptr<SimNode> node_;
};

}  // namespace peerage::test

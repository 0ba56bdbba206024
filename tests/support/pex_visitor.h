// A visitor on the simulated network that speaks peer exchange by hand: it sends what a test gives
// it, and keeps what comes back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/sim_node.h"

namespace peerage::test {

class PexVisitor {
 public:
  // `number` names its key; several on one host need ports of their own.
  PexVisitor(sim::SimHost& host, std::uint32_t number, std::uint16_t port = 26656,
             const std::string& network = "test-chain");
  ~PexVisitor();

  RecordingReactor& reactor() { return *reactor_; }
  p2p::Switch& node() { return *node_->node; }
  void dial(const conn::HostAddress& target) { node().dial(target); }
  void stop() { node_->stop(); }
  bool stopped() const { return node_->stopped; }
  bool is_connected() const { return node_->peers() > 0; }
  std::size_t refusals() const;
  std::size_t ends() const;

  // To every node that is connected.
  void say(const conn::Bytes& message);
  void ask();

  // The lists that came.
  std::vector<std::vector<conn::NetAddress>> lists() const;

 private:
  std::shared_ptr<RecordingReactor> reactor_;
  std::unique_ptr<SimNode> node_;
};

}  // namespace peerage::test

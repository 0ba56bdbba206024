// A node on the simulated network, among others, with the live control that it has from the start.
//
// Threads: one.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cmd/ctl/node_control.h"
#include "tests/support/verb_world.h"

namespace peerage::test {

class ControlledNodeTest : public VerbWorld {
 protected:
  // The node; once.
  void start(PexNode::Plan plan = {}, cmd::NodeControl::Settings settings = {}) {
    const std::size_t number = nodes.size() + 1;
    sim::SimHost& host = world.add_host({ip_of(number)}, 2);
    nodes.push_back(
        std::make_unique<PexNode>(host, static_cast<std::uint32_t>(number), std::move(plan)));
    node_ = nodes.back().get();
    control_ = std::make_unique<cmd::NodeControl>(*node_->whole, std::move(settings));
    node_->start();
    ASSERT_TRUE(until([this] { return node_->started; }, 1s));
  }
  PexNode& node() const { return *node_; }
  cmd::NodeControl& control() const { return *control_; }
  void let_go_of_control() { control_.reset(); }
  void stop() {
    node_->stop();
    ASSERT_TRUE(until([this] { return node_->stopped; }, 30s));
  }

  // Another node, for whoever wants to be its peer; it dials nobody by itself.
  PexNode& other() { return add({}); }
  static std::string id_of(const PexNode& other) { return other.whole->id().to_string(); }
  // Where nobody is.
  static std::string nobody(const std::string& digits = "e") {
    return digits + std::string(40 - digits.size(), 'e') + "@" + ip_of(199).to_string() + ":26656";
  }
  bool connected_to(const PexNode& other) const {
    return node().net().find_peer(other.whole->id()) != nullptr;
  }
  bool joins(const PexNode& other, conn::Duration within = 10s) {
    return until([&] { return connected_to(other); }, within);
  }
  // A peer that was dialled.
  PexNode& joined() {
    PexNode& peer = other();
    node().net().dial(peer.address());
    EXPECT_TRUE(joins(peer));
    return peer;
  }
  // A peer that has dialled.
  PexNode& arrived() {
    PexNode& peer = other();
    peer.net().dial(node().address());
    EXPECT_TRUE(joins(peer));
    return peer;
  }

  void call(const std::string& verb, cmd::CtlParams params, cmd::CtlDone done) override {
    check(verb, params);
    control_->call({verb, std::move(params), {}}, std::move(done));
  }

 private:
  PexNode* node_ = nullptr;
  std::unique_ptr<cmd::NodeControl> control_;
};

}  // namespace peerage::test

// A node with the Go node's policy in a scenario.
//
// Threads: none of its own. The host outlives it.
#pragma once

#include <utility>

#include "tests/sim/go/go_node.h"
#include "tests/sim/scenario/member.h"

namespace peerage::sim {

class GoMember final : public Member {
 public:
  GoMember(SimHost& host, std::uint32_t number, go::GoNode::Plan plan)
      : Member(host, plan.mode == go::GoPexConfig::Mode::seed ? Kind::go_seed : Kind::go_node),
        node_(host, number, std::move(plan)) {
    node_.on_event = [this](const p2p::SwitchEvent& event) {
      note(event);
      if (std::holds_alternative<p2p::Started>(event)) {
        state_ = State::running;
        started_at_ = host_.shard(0).now();
      }
    };
  }

  void start() override {
    if (node_.stopped()) node_.make_anew(book_);
    state_ = State::starting;
    node_.start();
  }
  // Down for others at once; it can start again when it has stopped, some seconds later.
  void stop() override {
    book_ = go::GoNode::Book::kept;
    state_ = State::down;
    node_.stop();
  }
  void crash(Disk disk) override {
    book_ = disk == Disk::kept ? go::GoNode::Book::kept : go::GoNode::Book::lost;
    state_ = State::down;
    node_.crash();
  }

  const conn::NodeId& id() const override { return node_.id(); }
  p2p::Switch& node() override { return node_.get_switch(); }
  std::size_t known_addresses() override { return node_.book().size(); }

 private:
  go::GoNode node_;
  go::GoNode::Book book_ = go::GoNode::Book::kept;
};

}  // namespace peerage::sim

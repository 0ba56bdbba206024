// What an attacker does, each idea a class of its own; an attack is a set of them.
//
//   s1  self-report      sockets claim other addresses than their own, which are the attacker's
//   s2  long answers     answers with 250 of the attacker's nodes
//   s3  trash            addresses without a node, to flush others out of the book
//   s4  grinding         each node comes itself, under its true address, and again when forgotten
//   s5  slot occupation  inbound slots are taken, and kept by being of use
//   s6  wrong IDs        addresses of honest nodes under IDs that they do not have
//   s7  seed poisoning   seeds serve a share of the attacker's addresses (the world does it)
//
// A strategy may be asked for a visit, when the attacker can afford one, and for its part of an
// answer. Those of an attack take turns.
//
// Threads: the world's one.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "tests/sim/eclipse/attacker.h"

namespace peerage::sim::eclipse {

class Strategy {
 public:
  virtual ~Strategy() = default;
  virtual Tactic tactic() const = 0;
  // Nothing: a visit would gain nothing now.
  virtual std::optional<Visit> visit(Attacker&) { return std::nullopt; }
  // Adds addresses to an answer, up to the limit.
  virtual void answer(Attacker&, std::vector<conn::NetAddress>&, std::size_t /*limit*/) {}
};

std::unique_ptr<Strategy> make_strategy(Tactic tactic);

}  // namespace peerage::sim::eclipse

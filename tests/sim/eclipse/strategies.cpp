#include "tests/sim/eclipse/strategies.h"

#include <algorithm>

#include "pex/exchange/messages.h"

namespace peerage::sim::eclipse {
namespace {

using conn::NetAddress;

// The next of the attacker's nodes that the victim does not know, beginning at `next`; one call
// looks through a part of them.
std::optional<std::size_t> next_unknown(Attacker& attacker, std::size_t& next, std::size_t nodes) {
  static constexpr std::size_t kLook = 64;
  for (std::size_t i = 0; i < std::min(kLook, nodes); ++i) {
    const std::size_t node = next++ % nodes;
    if (!attacker.victim().knows(attacker.estate().node(node))) return node;
  }
  return std::nullopt;
}

// An address to connect from; the last ones occupy slots.
conn::IpAddress some_socket(Attacker& attacker) {
  return attacker.estate().address(attacker.random().below(attacker.estate().addresses()));
}

// Half of its visits claim to be another node of the attacker's; half claim a group that is not the
// attacker's and stay to be asked, for a victim that files answers under a claimed source.
class SelfReport final : public Strategy {
 public:
  Tactic tactic() const override { return Tactic::self_report; }
  std::optional<Visit> visit(Attacker& attacker) override {
    const Estate& estate = attacker.estate();
    if (attacker.random().with_chance(0.5)) {
      const std::size_t any = attacker.random().below(estate.nodes());
      return Visit{any, some_socket(attacker), attacker.nowhere(), 30s};
    }
    const auto node = next_unknown(attacker, next_, estate.nodes());
    if (!node) return std::nullopt;
    // Filed under any group that it likes, if it is believed.
    return Visit{*node, some_socket(attacker), estate.node(*node).endpoint, 2s,
                 attacker.nowhere().ip};
  }

 private:
  std::size_t next_ = 0;
};

class LongAnswers final : public Strategy {
 public:
  Tactic tactic() const override { return Tactic::long_answers; }
  void answer(Attacker& attacker, std::vector<NetAddress>& list, std::size_t limit) override {
    const std::size_t nodes = attacker.estate().nodes();
    for (std::size_t i = 0; i < nodes && list.size() < limit; ++i) {
      list.push_back(attacker.estate().node(next_++ % nodes));
    }
  }

 private:
  std::size_t next_ = 0;
};

class Trash final : public Strategy {
 public:
  Tactic tactic() const override { return Tactic::trash; }
  std::optional<Visit> visit(Attacker& attacker) override {
    const std::size_t any = attacker.random().below(attacker.estate().nodes());
    return Visit{any, some_socket(attacker), attacker.nowhere()};
  }
};

class Grinding final : public Strategy {
 public:
  Tactic tactic() const override { return Tactic::grinding; }
  std::optional<Visit> visit(Attacker& attacker) override {
    const Estate& estate = attacker.estate();
    const auto node = next_unknown(attacker, next_, estate.nodes());
    if (!node) return std::nullopt;
    const NetAddress address = estate.node(*node);
    return Visit{*node, address.endpoint.ip, address.endpoint};
  }

 private:
  std::size_t next_ = 0;
};

// With the last of its addresses: a node that is connected inbound cannot be dialled.
class SlotOccupation final : public Strategy {
 public:
  Tactic tactic() const override { return Tactic::slot_occupation; }
  std::optional<Visit> visit(Attacker& attacker) override {
    const Estate& estate = attacker.estate();
    const auto share = static_cast<std::size_t>(static_cast<double>(estate.addresses()) *
                                                attacker.plan().occupying);
    const std::size_t limit = std::min(share, attacker.plan().occupants);
    if (limit == 0 || attacker.occupants().size() >= limit) return std::nullopt;
    for (std::size_t i = 0; i < share; ++i) {
      const std::size_t index = estate.addresses() - 1 - next_++ % share;
      if (attacker.occupants().contains(index)) continue;
      const NetAddress address = estate.node(index);
      return Visit{index, address.endpoint.ip, address.endpoint, conn::Duration::max()};
    }
    return std::nullopt;
  }

 private:
  std::size_t next_ = 0;
};

class WrongIds final : public Strategy {
 public:
  Tactic tactic() const override { return Tactic::wrong_ids; }
  std::optional<Visit> visit(Attacker& attacker) override {
    const std::size_t any = attacker.random().below(attacker.estate().nodes());
    return Visit{any, some_socket(attacker), attacker.honest().some_reachable().endpoint};
  }
  // A tenth of an answer.
  void answer(Attacker& attacker, std::vector<NetAddress>& list, std::size_t limit) override {
    for (std::size_t i = 0; i < limit / 10 && list.size() < limit; ++i) {
      const std::size_t any = attacker.random().below(attacker.estate().nodes());
      list.push_back({attacker.estate().node(any).id, attacker.honest().some_reachable().endpoint});
    }
  }
};

class SeedPoisoning final : public Strategy {
 public:
  Tactic tactic() const override { return Tactic::seed_poisoning; }
};

}  // namespace

std::unique_ptr<Strategy> make_strategy(Tactic tactic) {
  switch (tactic) {
    case Tactic::self_report:
      return std::make_unique<SelfReport>();
    case Tactic::long_answers:
      return std::make_unique<LongAnswers>();
    case Tactic::trash:
      return std::make_unique<Trash>();
    case Tactic::grinding:
      return std::make_unique<Grinding>();
    case Tactic::slot_occupation:
      return std::make_unique<SlotOccupation>();
    case Tactic::wrong_ids:
      return std::make_unique<WrongIds>();
    case Tactic::seed_poisoning:
      break;
  }
  return std::make_unique<SeedPoisoning>();
}

}  // namespace peerage::sim::eclipse

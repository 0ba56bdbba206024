#include "tests/sim/scenario/trouble.h"

#include <algorithm>

namespace peerage::sim {

Trouble::Trouble(SimWorld& world, Internet& internet) : world_(world), internet_(internet) {
  internet_.set_bend(
      [this](const IpAddress& from, const IpAddress& to, LinkPlan& plan) { bend(from, to, plan); });
}

void Trouble::bend(const IpAddress& from, const IpAddress& to, LinkPlan& plan) {
  hidden_ += internet_.is_hidden(to) ? 1 : 0;
  for (const auto& [id, link] : links_) {
    if (link.address != from && link.address != to) continue;
    const LinkTrouble& what = link.what;
    plan.loss = std::max(plan.loss, what.loss);
    plan.latency += what.delay;
    delayed_ += what.delay.count() > 0 ? 1 : 0;
    if (what.cut_after < plan.cut_after) {
      plan.cut_after = what.cut_after;
      plan.cut = what.cut;
    }
    if (link.address == to && what.connect != LinkPlan::Connect::answered) {
      plan.connect = what.connect;
    }
  }
  if (severed(from, to)) plan.connect = LinkPlan::Connect::ignored;
}

bool Trouble::severed(const IpAddress& a, const IpAddress& b) const {
  return std::any_of(severed_.begin(), severed_.end(),
                     [&](const auto& each) { return each.second(a, b); });
}

Trouble::Id Trouble::trouble(const IpAddress& address, const LinkTrouble& what) {
  links_.insert({++last_, {address, what}});
  world_.apply_links(
      [&](const IpAddress& a, const IpAddress& b) { return a == address || b == address; });
  return last_;
}

Trouble::Id Trouble::sever(Severed between) {
  severed_.insert({++last_, between});
  last_met_ = 0;
  world_.black_hole([&](const IpAddress& a, const IpAddress& b) {
    const bool met = between(a, b);
    last_met_ += met ? 1 : 0;
    return met;
  });
  return last_;
}

void Trouble::end(Id id) {
  if (const auto link = links_.extract(id)) {
    const IpAddress address = link.mapped().address;
    world_.apply_links(
        [&](const IpAddress& a, const IpAddress& b) { return a == address || b == address; });
    // What a black hole has swallowed arrives after all.
    if (link.mapped().what.cut == LinkPlan::Cut::black_hole) {
      world_.heal([&](const IpAddress& a, const IpAddress& b) {
        return (a == address || b == address) && !severed(a, b);
      });
    }
  }
  if (const auto gone = severed_.extract(id)) {
    world_.heal([&](const IpAddress& a, const IpAddress& b) {
      return gone.mapped()(a, b) && !severed(a, b);
    });
  }
}

void Trouble::end_all() {
  while (!links_.empty()) end(links_.begin()->first);
  while (!severed_.empty()) end(severed_.begin()->first);
}

}  // namespace peerage::sim

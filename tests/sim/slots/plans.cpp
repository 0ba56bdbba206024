#include "tests/sim/slots/plans.h"

namespace peerage::sim::slots {

const char* text(Manner manner) {
  return manner == Manner::polite ? "polite" : "busy";
}

std::vector<AttackPlan> price_list() {
  std::vector<AttackPlan> list;
  for (const Manner manner : {Manner::polite, Manner::busy}) {
    for (const std::size_t hosts : {1u, 10u, 100u, 1'000u, 10'000u}) {
      for (const std::size_t networks : {1u, 16u, 64u, 256u, 1'024u, 4'096u}) {
        if (networks <= hosts) list.push_back({hosts, networks, manner});
      }
    }
  }
  return list;
}

}  // namespace peerage::sim::slots

#include "tests/sim/discovery/eclipse/plans.h"

#include <cstdio>
#include <stdexcept>

namespace peerage::sim::discovery {
namespace {

// That a /24 has.
constexpr std::size_t kMostOfNetwork = 250;
constexpr std::size_t kMostNetworks = 4096;

}  // namespace

std::string AttackPlan::text() const {
  return std::to_string(addresses) + "/" + std::to_string(networks);
}

AttackPlan parse_attack(const std::string& text) {
  AttackPlan plan;
  int used = 0;
  const int read = std::sscanf(text.c_str(), "%zu/%zu%n", &plan.addresses, &plan.networks, &used);
  if (read != 2 || static_cast<std::size_t>(used) != text.size() || plan.networks < 1 ||
      plan.networks > kMostNetworks || plan.addresses < plan.networks ||
      plan.addresses > kMostOfNetwork * plan.networks) {
    throw std::invalid_argument("\"" + text + "\" is not ADDRESSES/NETWORKS");
  }
  return plan;
}

std::string_view name(Age age) noexcept {
  switch (age) {
    case Age::fresh:
      return "fresh";
    case Age::restarted:
      return "restarted";
    case Age::day_old:
      return "day-old";
  }
  return "";
}

std::string_view name(Without without) noexcept {
  switch (without) {
    case Without::nothing:
      return "nothing";
    case Without::network_shares:
      return "network-shares";
    case Without::inbound_share:
      return "inbound-share";
    case Without::stored_nodes:
      return "stored-nodes";
  }
  return "";
}

const std::vector<Without>& ablations() {
  static const std::vector<Without> kAll = {Without::nothing, Without::network_shares,
                                            Without::inbound_share, Without::stored_nodes};
  return kAll;
}

}  // namespace peerage::sim::discovery

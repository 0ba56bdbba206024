// The price of an eclipse: how many addresses, in an eighth as many groups, an attacker must have
// to succeed in half of the trials. Success is an eclipse by the last checkpoint, or by a restart
// there without anchors.
//
// Threads: one, and no other in the process.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tests/sim/eclipse/campaign.h"
#include "tests/sim/eclipse/report.h"

namespace peerage::sim::eclipse {

struct PriceStep {
  std::size_t addresses = 0;
  Frequency success;
};
struct Price {
  Case of;  // attack: of the last step
  std::vector<PriceStep> steps;
  std::size_t at_most = 0;   // this many succeeded in half of the trials; 0: none did
  std::size_t at_least = 0;  // this many did not
};

inline constexpr std::size_t kAddressesOfGroup = 8;
inline constexpr std::size_t kLeastAttacker = 8;
inline constexpr std::size_t kLargestAttacker = 16'384;

// Searches from 64 addresses on, by doubling and then halving the distance twice. `campaign`
// without cases; `of` without addresses and groups.
Price find_price(Campaign campaign, const Case& of);

std::string as_text(const Price& price);

}  // namespace peerage::sim::eclipse

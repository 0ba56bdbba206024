#include "tests/sim/eclipse/price.h"

#include <algorithm>
#include <cmath>

namespace peerage::sim::eclipse {
namespace {

bool succeeded(const Outcome& outcome) {
  const Checkpoint& last = outcome.checkpoints.back();
  return last.eclipsed || (last.plain && last.plain->eclipsed) ||
         (last.timed && last.timed->eclipsed);
}

}  // namespace

Price find_price(Campaign campaign, const Case& of) {
  Price price;
  price.of = of;
  // Only a restart at the last checkpoint is needed.
  campaign.timing.checkpoints = {campaign.timing.checkpoints.back()};
  const auto half_succeed = [&](std::size_t addresses) {
    Case one = of;
    one.attack.addresses = addresses;
    one.attack.groups = std::max<std::size_t>(1, addresses / kAddressesOfGroup);
    campaign.cases = {one};
    const auto outcomes = run(campaign).front();
    Frequency success;
    success.trials = outcomes.size();
    success.hits =
        static_cast<std::size_t>(std::count_if(outcomes.begin(), outcomes.end(), succeeded));
    price.of = one;
    price.steps.push_back({addresses, success});
    return 2 * success.hits >= success.trials;
  };
  std::size_t addresses = 64;
  if (half_succeed(addresses)) {
    price.at_most = addresses;
    while (addresses > kLeastAttacker && half_succeed(addresses / 2)) {
      price.at_most = addresses /= 2;
    }
    price.at_least = addresses > kLeastAttacker ? addresses / 2 : 0;
  } else {
    price.at_least = addresses;
    while (addresses < kLargestAttacker) {
      addresses *= 2;
      if (half_succeed(addresses)) {
        price.at_most = addresses;
        break;
      }
      price.at_least = addresses;
    }
  }
  if (price.at_most == 0 || price.at_least == 0) return price;
  for (int i = 0; i < 2; ++i) {
    const auto middle = static_cast<std::size_t>(std::lround(
        std::sqrt(static_cast<double>(price.at_most) * static_cast<double>(price.at_least))));
    (half_succeed(middle) ? price.at_most : price.at_least) = middle;
  }
  return price;
}

std::string as_text(const Price& price) {
  std::string text = "price of an eclipse, " + price.of.policy + ", victim " +
                     age_text(price.of.age) + ", " + std::to_string(kAddressesOfGroup) +
                     " addresses to a group: ";
  if (price.at_most == 0) {
    text += "more than " + std::to_string(price.at_least);
  } else if (price.at_least == 0) {
    text += "at most " + std::to_string(price.at_most);
  } else {
    text += std::to_string(price.at_least) + " to " + std::to_string(price.at_most);
  }
  text += " addresses\n";
  for (const PriceStep& step : price.steps) {
    text += "  " + std::to_string(step.addresses) + ": " + std::to_string(step.success.hits) +
            " of " + std::to_string(step.success.trials) + "\n";
  }
  return text;
}

}  // namespace peerage::sim::eclipse

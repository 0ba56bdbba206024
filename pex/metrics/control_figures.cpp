#include "pex/metrics/control_figures.h"

namespace peerage::pex {

using namespace std::chrono_literals;

std::string_view name(VerifiedWithin age) noexcept {
  static constexpr std::array<std::string_view, kVerifiedWithinCount> kNames = {
      "2h", "8h", "1d", "7d", "older", "never"};
  return kNames[static_cast<std::size_t>(age)];
}

VerifiedWithin verified_within(addrbook::Time verified, addrbook::Time now) noexcept {
  if (verified == addrbook::kNever) return VerifiedWithin::never;
  const addrbook::Seconds age = now - verified;
  if (age <= 2h) return VerifiedWithin::two_hours;
  if (age <= 8h) return VerifiedWithin::eight_hours;
  if (age <= 24h) return VerifiedWithin::day;
  if (age <= 7 * 24h) return VerifiedWithin::week;
  return VerifiedWithin::older;
}

}  // namespace peerage::pex

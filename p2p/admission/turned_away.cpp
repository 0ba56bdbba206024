#include "p2p/admission/turned_away.h"

#include <algorithm>
#include <limits>

namespace peerage::p2p {

using conn::IpAddress;
using conn::TimePoint;

std::size_t TurnedAway::times(const IpAddress& host, TimePoint now) const {
  if (table_.empty()) return 0;
  const std::size_t hash = hash_(host);
  for (const Place& place : places(hash)) {
    if (place.tag == tag_of(hash) && is_live(place, second_of(now))) return place.times;
  }
  return 0;
}

void TurnedAway::remember(const IpAddress& host, std::size_t times, TimePoint now) {
  if (table_.empty()) {
    conn::KeyedHash::Key key;
    for (auto& byte : key) byte = static_cast<std::uint8_t>(random_(256));
    hash_ = conn::KeyedHash(key);
    table_.resize(kHosts);
  }
  const std::size_t hash = hash_(host);
  const auto set = places(hash);
  auto place = std::find_if(set.begin(), set.end(), [hash](const Place& each) {
    return each.times > 0 && each.tag == tag_of(hash);
  });
  if (place == set.end()) {
    // A free one, or that of the longest ago.
    place = std::min_element(set.begin(), set.end(), [](const Place& a, const Place& b) {
      return (a.times > 0 ? a.second + 1 : 0) < (b.times > 0 ? b.second + 1 : 0);
    });
  }
  const std::size_t most = std::numeric_limits<std::uint32_t>::max();
  *place = {tag_of(hash), second_of(now), static_cast<std::uint32_t>(std::min(times, most))};
}

void TurnedAway::forget(const IpAddress& host) {
  if (table_.empty()) return;
  const std::size_t hash = hash_(host);
  for (Place& place : places(hash)) {
    if (place.tag == tag_of(hash)) place = {};
  }
}

std::size_t TurnedAway::size(TimePoint now) const {
  return static_cast<std::size_t>(std::count_if(
      table_.begin(), table_.end(),
      [second = second_of(now)](const Place& place) { return is_live(place, second); }));
}

std::span<TurnedAway::Place> TurnedAway::places(std::size_t hash) {
  return std::span(table_).subspan(hash % (kHosts / kWays) * kWays, kWays);
}

std::span<const TurnedAway::Place> TurnedAway::places(std::size_t hash) const {
  return std::span(table_).subspan(hash % (kHosts / kWays) * kWays, kWays);
}

bool TurnedAway::is_live(const Place& place, std::uint32_t second) noexcept {
  return place.times > 0 &&
         second - place.second <= std::chrono::duration_cast<std::chrono::seconds>(kMemory).count();
}

std::uint32_t TurnedAway::second_of(TimePoint now) noexcept {
  return static_cast<std::uint32_t>(
      std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count());
}

}  // namespace peerage::p2p

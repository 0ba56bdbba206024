#include "p2p/admission/eviction.h"

#include <algorithm>
#include <map>

namespace peerage::p2p {
namespace {

// Takes the first `count` in the order of `better` out of the candidates.
template <typename Better>
void protect(std::vector<EvictionCandidate>& candidates, std::size_t count, Better better) {
  std::sort(candidates.begin(), candidates.end(), better);
  candidates.erase(candidates.begin(), candidates.begin() + static_cast<std::ptrdiff_t>(std::min(
                                                                count, candidates.size())));
}

}  // namespace

std::optional<std::uint64_t> choose_eviction(std::vector<EvictionCandidate> candidates,
                                             conn::TimePoint now) {
  std::erase_if(candidates, [now](const EvictionCandidate& peer) {
    return now - peer.connected_since > kLongLived && peer.last_useful &&
           now - *peer.last_useful < kLongLived;
  });
  const std::size_t tenth = std::min<std::size_t>(4, candidates.size() / 10);
  protect(candidates, tenth,
          [](const auto& a, const auto& b) { return a.keyed_group > b.keyed_group; });
  protect(candidates, 2 * tenth, [](const auto& a, const auto& b) {
    return a.round_trip.value_or(conn::Duration::max()) <
           b.round_trip.value_or(conn::Duration::max());
  });
  protect(candidates, tenth, [](const auto& a, const auto& b) {
    return a.last_useful.value_or(conn::TimePoint::min()) >
           b.last_useful.value_or(conn::TimePoint::min());
  });
  protect(candidates, candidates.size() / 2,
          [](const auto& a, const auto& b) { return a.connected_since < b.connected_since; });
  if (candidates.empty()) return std::nullopt;

  std::map<std::string, std::vector<const EvictionCandidate*>> groups;
  for (const EvictionCandidate& peer : candidates) groups[peer.group].push_back(&peer);
  const auto youngest = [](const auto& group) {
    return *std::max_element(group.begin(), group.end(), [](const auto* a, const auto* b) {
      return a->connected_since < b->connected_since;
    });
  };
  // Of groups of one size, the one with the youngest peer.
  const auto largest =
      std::max_element(groups.begin(), groups.end(), [&youngest](const auto& a, const auto& b) {
        if (a.second.size() != b.second.size()) return a.second.size() < b.second.size();
        return youngest(a.second)->connected_since < youngest(b.second)->connected_since;
      });
  return youngest(largest->second)->link;
}

}  // namespace peerage::p2p

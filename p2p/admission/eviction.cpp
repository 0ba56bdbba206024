#include "p2p/admission/eviction.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <unordered_map>

namespace peerage::p2p {
namespace {

using conn::IpAddress;
using conn::TimePoint;
using Candidates = std::vector<EvictionCandidate>;

bool is_older(const EvictionCandidate& a, const EvictionCandidate& b) {
  return std::tie(a.connected_since, a.link) < std::tie(b.connected_since, b.link);
}

double seconds(conn::Duration span) {
  return std::chrono::duration<double>(span).count();
}

// Takes the protected out of `peers`, which are sorted by age: as many as `share`, of those that
// qualify.
template <typename Qualifies>
void protect(Candidates& peers, std::size_t share, const RecentAdmissions& recent,
             Qualifies&& qualifies) {
  const std::size_t of_network = std::max<std::size_t>(1, share / 16);
  const std::size_t of_group = std::max<std::size_t>(1, share / 8);
  std::size_t taken = 0;
  std::map<RecentAdmissions::Network, std::size_t> networks;
  std::unordered_map<std::uint64_t, std::size_t> groups;
  std::erase_if(peers, [&](const EvictionCandidate& peer) {
    if (taken >= share || !qualifies(peer)) return false;
    if (!recent.exempt(peer.ip)) {
      std::size_t& network = networks[recent.network_of(peer.ip)];
      std::size_t& group = groups[peer.ip.group(IpAddress::Strict::no)];
      if (network >= of_network || group >= of_group) return false;
      ++network;
      ++group;
    }
    ++taken;
    return true;
  });
}

}  // namespace

Candidates contested(Candidates candidates, std::size_t slots, const RecentAdmissions& recent,
                     TimePoint now) {
  std::sort(candidates.begin(), candidates.end(), is_older);
  protect(candidates, slots / 2, recent, [](const EvictionCandidate&) { return true; });
  protect(candidates, slots / 4, recent, [now](const EvictionCandidate& peer) {
    return peer.last_useful && now - *peer.last_useful < kLongLived;
  });
  return candidates;
}

std::optional<std::uint64_t> choose_eviction(Candidates candidates, const IpAddress& newcomer,
                                             std::size_t slots, const RecentAdmissions& recent,
                                             TimePoint now) {
  const Candidates peers = contested(std::move(candidates), slots, recent, now);
  std::map<RecentAdmissions::Network, double> held;
  for (const EvictionCandidate& peer : peers) ++held[recent.network_of(peer.ip)];
  const auto claims = [&](const IpAddress& ip) {
    const auto found = held.find(recent.network_of(ip));
    return std::max(recent.claims(ip, now), found == held.end() ? 0 : found->second);
  };

  std::optional<std::uint64_t> chosen;
  double most = seconds(kContestedStay) * claims(newcomer);
  for (const EvictionCandidate& peer : peers) {  // of equals the last, which is the youngest
    // An hour's stay is as good as a longer one: among peers of old it is the youngest that goes.
    const conn::Duration stay = std::min(now - peer.connected_since, kAdmissionMemory);
    const double its = seconds(stay) * claims(peer.ip);
    if (its < most) continue;
    chosen = peer.link;
    most = its;
  }
  return chosen;
}

}  // namespace peerage::p2p

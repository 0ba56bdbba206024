#include "pex/discovery/endpoint_proof.h"

#include <iterator>

#include "conn/address/cidr.h"
#include "pex/discovery/relay_rule.h"

namespace peerage::pex {

using conn::IpAddress;
using conn::TimePoint;

void EndpointProofs::add(const EnodeId& id, const IpAddress& ip, TimePoint now) {
  const Key key = key_of(id, ip);
  const auto known = by_key_.find(key);
  if (known != by_key_.end()) {
    known->second->given = now;
    return use(known->second);
  }
  make_room(key);
  by_use_.push_back({key, now, ++uses_});
  by_key_.emplace(key, std::prev(by_use_.end()));
}

bool EndpointProofs::proven(const EnodeId& id, const IpAddress& ip, TimePoint now) {
  const auto known = by_key_.find(key_of(id, ip));
  if (known == by_key_.end() || !lasts(*known->second, now)) return false;
  use(known->second);
  return true;
}

std::optional<TimePoint> EndpointProofs::since(const EnodeId& id, const IpAddress& ip,
                                               TimePoint now) const {
  const auto known = by_key_.find(key_of(id, ip));
  if (known == by_key_.end() || !lasts(*known->second, now)) return std::nullopt;
  return known->second->given;
}

bool EndpointProofs::proven(const IpAddress& ip, TimePoint now) const {
  for (auto at = by_key_.lower_bound(key_of({}, ip)); at != by_key_.end(); ++at) {
    if (at->first.ip != ip) break;
    if (lasts(*at->second, now)) return true;
  }
  return false;
}

void EndpointProofs::remove(const EnodeId& id) {
  remove_if([&id](const EnodeId& each, const IpAddress&) { return each == id; });
}

void EndpointProofs::sweep(TimePoint now) {
  for (auto at = by_use_.begin(); at != by_use_.end();) {
    const auto here = at++;
    if (!lasts(*here, now)) erase(here);
  }
}

EndpointProofs::Key EndpointProofs::key_of(const EnodeId& id, const IpAddress& ip) {
  return {conn::neighbourhood_of(ip), ip, id};
}

void EndpointProofs::use(Entry entry) {
  entry->used = ++uses_;
  by_use_.splice(by_use_.end(), by_use_, entry);
}

void EndpointProofs::make_room(const Key& newcomer) {
  std::size_t of_network = 0;
  auto oldest = by_key_.end();
  if (!is_private(newcomer.ip)) {
    for (auto at = by_key_.lower_bound({newcomer.network, {}, {}});
         at != by_key_.end() && at->first.network == newcomer.network; ++at, ++of_network) {
      const bool older = oldest == by_key_.end() || at->second->used < oldest->second->used;
      if (older) oldest = at;
    }
  }
  if (of_network > 0 && of_network >= limits_.proofs_of_network) {
    erase(oldest->second);
  } else if (!by_use_.empty() && by_use_.size() >= limits_.proofs) {
    erase(by_use_.begin());
  }
}

void EndpointProofs::erase(Entry entry) {
  by_key_.erase(entry->key);
  by_use_.erase(entry);
}

}  // namespace peerage::pex

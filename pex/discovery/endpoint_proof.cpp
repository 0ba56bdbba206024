#include "pex/discovery/endpoint_proof.h"

#include <algorithm>
#include <iterator>

#include "conn/address/cidr.h"
#include "pex/discovery/relay_rule.h"

namespace peerage::pex {

using conn::IpAddress;
using conn::TimePoint;

void EndpointProofs::add(const EnodeId& id, const IpAddress& ip, TimePoint now) {
  const Key key(ip, id);
  if (const auto known = by_key_.find(key); known != by_key_.end()) {
    known->second->given = now;
    by_use_.splice(by_use_.end(), by_use_, known->second);
    return;
  }
  make_room(ip);
  by_use_.push_back({key, now});
  by_key_.emplace(key, std::prev(by_use_.end()));
  if (!is_private(ip)) ++networks_[conn::neighbourhood_of(ip)];
}

bool EndpointProofs::proven(const EnodeId& id, const IpAddress& ip, TimePoint now) {
  const auto known = by_key_.find(Key(ip, id));
  if (known == by_key_.end() || !lasts(*known->second, now)) return false;
  by_use_.splice(by_use_.end(), by_use_, known->second);
  return true;
}

std::optional<TimePoint> EndpointProofs::since(const EnodeId& id, const IpAddress& ip,
                                               TimePoint now) const {
  const auto known = by_key_.find(Key(ip, id));
  if (known == by_key_.end() || !lasts(*known->second, now)) return std::nullopt;
  return known->second->given;
}

bool EndpointProofs::proven(const IpAddress& ip, TimePoint now) const {
  for (auto at = by_key_.lower_bound(Key(ip, {})); at != by_key_.end(); ++at) {
    if (at->first.first != ip) break;
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

void EndpointProofs::make_room(const IpAddress& ip) {
  const IpAddress network = conn::neighbourhood_of(ip);
  const auto held = networks_.find(network);
  if (held != networks_.end() && held->second >= limits_.proofs_of_network) {
    erase(std::find_if(by_use_.begin(), by_use_.end(), [&network](const Proof& proof) {
      return conn::neighbourhood_of(proof.key.first) == network;
    }));
  } else if (by_use_.size() >= limits_.proofs) {
    erase(by_use_.begin());
  }
}

void EndpointProofs::erase(Entry entry) {
  const IpAddress& ip = entry->key.first;
  if (!is_private(ip)) {
    const auto network = networks_.find(conn::neighbourhood_of(ip));
    if (--network->second == 0) networks_.erase(network);
  }
  by_key_.erase(entry->key);
  by_use_.erase(entry);
}

}  // namespace peerage::pex

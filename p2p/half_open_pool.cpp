#include "p2p/half_open_pool.h"

#include <algorithm>
#include <vector>

namespace peerage::p2p {
namespace {

std::size_t count_in(const std::map<conn::IpAddress, std::size_t>& counts,
                     const conn::IpAddress& ip) {
  const auto found = counts.find(ip);
  return found == counts.end() ? 0 : found->second;
}

void release(std::map<conn::IpAddress, std::size_t>& counts, const conn::IpAddress& ip) {
  const auto found = counts.find(ip);
  if (--found->second == 0) counts.erase(found);
}

}  // namespace

conn::Result<HalfOpenPool::Entered> HalfOpenPool::enter(const conn::IpAddress& ip,
                                                        conn::TimePoint now) {
  const auto refused = [](const char* why) {
    return conn::fail(conn::Stage::admission, conn::Reason::too_many_handshakes, why);
  };
  const conn::IpAddress host = host_of(ip);
  const conn::IpAddress neighbourhood = neighbourhood_of(ip);
  if (count_in(per_host_, host) >= limits_.per_host) return refused("of this address");
  if (count_in(per_neighbourhood_, neighbourhood) >= limits_.per_neighbourhood) {
    return refused("of this neighbourhood");
  }
  Entered entered;
  if (entries_.size() >= limits_.total) {
    entered.displaced = choose(neighbourhood, now);
    if (!entered.displaced) return refused("in all");
    leave(*entered.displaced);
  }
  entered.ticket = next_++;
  entries_[entered.ticket] = {ip, conn::Stage::key_exchange, now};
  ++per_host_[host];
  ++per_neighbourhood_[neighbourhood];
  return entered;
}

void HalfOpenPool::progress(Ticket ticket, conn::Stage stage, conn::TimePoint now) {
  const auto found = entries_.find(ticket);
  if (found == entries_.end()) return;
  found->second.stage = stage;
  found->second.last_progress = now;
}

void HalfOpenPool::leave(Ticket ticket) {
  const auto found = entries_.find(ticket);
  if (found == entries_.end()) return;
  release(per_host_, host_of(found->second.ip));
  release(per_neighbourhood_, neighbourhood_of(found->second.ip));
  entries_.erase(found);
}

std::optional<HalfOpenPool::Ticket> HalfOpenPool::choose(const conn::IpAddress& neighbourhood,
                                                         conn::TimePoint now) const {
  std::size_t largest = 0;
  for (const auto& [group, count] : per_neighbourhood_) largest = std::max(largest, count);
  // With the newcomer, its neighbourhood may be among the largest: then the newcomer is the newest.
  const std::size_t neighbours = count_in(per_neighbourhood_, neighbourhood);
  if (neighbours > 0 && neighbours + 1 >= largest) return std::nullopt;
  if (largest <= 1) return least_progress(now);
  for (auto entry = entries_.rbegin(); entry != entries_.rend(); ++entry) {
    if (count_in(per_neighbourhood_, neighbourhood_of(entry->second.ip)) == largest) {
      return entry->first;
    }
  }
  return std::nullopt;
}

std::optional<HalfOpenPool::Ticket> HalfOpenPool::least_progress(conn::TimePoint now) const {
  const auto earliest = std::min_element(
      entries_.begin(), entries_.end(),
      [](const auto& a, const auto& b) { return a.second.stage < b.second.stage; });
  std::vector<Ticket> candidates;
  const Entry* stalest = nullptr;
  Ticket stalest_ticket = 0;
  for (const auto& [ticket, entry] : entries_) {
    // Whoever has stood still for long is behind, at whatever stage.
    if (now - entry.last_progress > kStall &&
        (stalest == nullptr || entry.last_progress < stalest->last_progress)) {
      stalest = &entry;
      stalest_ticket = ticket;
    }
    if (entry.stage == earliest->second.stage) candidates.push_back(ticket);
  }
  if (stalest != nullptr) return stalest_ticket;
  return candidates[lot_(candidates.size())];
}

}  // namespace peerage::p2p

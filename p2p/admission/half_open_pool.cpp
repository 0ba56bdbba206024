#include "p2p/admission/half_open_pool.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "p2p/base/peer_reason.h"

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
                                                        conn::TimePoint now, Host host) {
  if (host == Host::of_named_node) {
    if (const auto entered = enter_as_named(ip, now)) return *entered;
  }
  return enter_as_stranger(ip, now);
}

std::optional<HalfOpenPool::Entered> HalfOpenPool::enter_as_named(const conn::IpAddress& ip,
                                                                  conn::TimePoint now) {
  std::size_t from_host = 0;
  std::optional<Ticket> oldest;
  for (const auto& [ticket, entry] : named_) {
    if (host_of(entry.ip) != host_of(ip)) continue;
    ++from_host;
    if (!oldest) oldest = ticket;
  }
  Entered entered;
  if (from_host >= limits_.per_host) {
    if (!oldest || now - named_.at(*oldest).entered <= limits_.tenure) return std::nullopt;
    entered.displaced = oldest;
    leave(*oldest);
  } else if (named_.size() >= limits_.named) {
    return std::nullopt;
  }
  entered.ticket = next_++;
  named_[entered.ticket] = {ip, conn::Stage::key_exchange, now, 0};
  return entered;
}

conn::Result<HalfOpenPool::Entered> HalfOpenPool::enter_as_stranger(const conn::IpAddress& ip,
                                                                    conn::TimePoint now) {
  const auto refused = [](const char* why) {
    return conn::fail(conn::Stage::admission, PeerReason::too_many_handshakes, why);
  };
  const conn::IpAddress host = host_of(ip);
  const conn::IpAddress neighbourhood = neighbourhood_of(ip);
  if (count_in(per_host_, host) >= limits_.per_host) return refused("of this address");
  if (count_in(per_neighbourhood_, neighbourhood) >= limits_.per_neighbourhood) {
    return refused("of this neighbourhood");
  }
  Entered entered;
  if (entries_.size() >= limits_.total) {
    entered.displaced = choose(ip, now);
    if (!entered.displaced) return refused("in all");
    leave(*entered.displaced);
  }
  entered.ticket = next_++;
  entries_[entered.ticket] = {ip, conn::Stage::key_exchange, now, turned_away_.times(host, now)};
  turned_away_.forget(host);
  ++per_host_[host];
  ++per_neighbourhood_[neighbourhood];
  return entered;
}

void HalfOpenPool::progress(Ticket ticket, conn::Stage stage) {
  const auto found = entries_.find(ticket);
  if (found != entries_.end()) found->second.stage = stage;
}

bool HalfOpenPool::has_any_from(const conn::IpAddress& ip) const {
  return per_host_.contains(host_of(ip)) ||
         std::any_of(named_.begin(), named_.end(),
                     [&ip](const auto& entry) { return host_of(entry.second.ip) == host_of(ip); });
}

void HalfOpenPool::leave(Ticket ticket) {
  if (named_.erase(ticket) > 0) return;
  const auto found = entries_.find(ticket);
  if (found == entries_.end()) return;
  release(per_host_, host_of(found->second.ip));
  release(per_neighbourhood_, neighbourhood_of(found->second.ip));
  entries_.erase(found);
}

std::optional<HalfOpenPool::Ticket> HalfOpenPool::choose(const conn::IpAddress& newcomer,
                                                         conn::TimePoint now) {
  std::size_t largest = 0;
  for (const auto& [group, count] : per_neighbourhood_) largest = std::max(largest, count);
  // With the newcomer, its neighbourhood may be among the largest: then the newcomer is the newest.
  const std::size_t neighbours = count_in(per_neighbourhood_, neighbourhood_of(newcomer));
  if (neighbours > 0 && neighbours + 1 >= largest) return std::nullopt;
  if (largest > 1) return newest_of_group_of(largest);
  if (const auto behind = furthest_behind(now)) return behind;
  const std::size_t times = turned_away_.times(host_of(newcomer), now);
  auto displaced = beyond_tenure(now);
  if (!displaced) displaced = turned_away_less_than(times);
  if (displaced) {
    const Entry& entry = entries_.at(*displaced);
    turned_away_.remember(host_of(entry.ip), entry.turned_away + 1, now);
  } else {
    turned_away_.remember(host_of(newcomer), times + 1, now);
  }
  return displaced;
}

std::optional<HalfOpenPool::Ticket> HalfOpenPool::newest_of_group_of(std::size_t size) const {
  const auto newest = std::find_if(entries_.rbegin(), entries_.rend(), [&](const auto& entry) {
    return count_in(per_neighbourhood_, neighbourhood_of(entry.second.ip)) == size;
  });
  return newest == entries_.rend() ? std::nullopt : std::optional(newest->first);
}

template <typename Due>
std::optional<HalfOpenPool::Ticket> HalfOpenPool::furthest_beyond(conn::TimePoint now,
                                                                  Due due) const {
  std::optional<Ticket> furthest;
  conn::TimePoint earliest = now;
  for (const auto& [ticket, entry] : entries_) {
    const conn::TimePoint when = entry.entered + due(entry);
    if (when >= earliest) continue;
    earliest = when;
    furthest = ticket;
  }
  return furthest;
}

std::optional<HalfOpenPool::Ticket> HalfOpenPool::furthest_behind(conn::TimePoint now) const {
  return furthest_beyond(now, [this](const Entry& entry) {
    const int stages =
        1 + static_cast<int>(entry.stage) - static_cast<int>(conn::Stage::key_exchange);
    return stages * limits_.patience;
  });
}

std::optional<HalfOpenPool::Ticket> HalfOpenPool::beyond_tenure(conn::TimePoint now) const {
  if (come_again() <= limits_.total / 2) {
    return furthest_beyond(now, [this](const Entry& entry) {
      return static_cast<conn::Duration::rep>(1 + 2 * entry.turned_away) * limits_.tenure;
    });
  }
  std::optional<Ticket> least;
  for (const auto& [ticket, entry] : entries_) {
    if (entry.turned_away == 0 || now - entry.entered <= limits_.tenure) continue;
    if (!least || entry.turned_away < entries_.at(*least).turned_away) least = ticket;
  }
  return least;
}

std::optional<HalfOpenPool::Ticket> HalfOpenPool::turned_away_less_than(std::size_t times) const {
  if (come_again() >= limits_.total / 2) return std::nullopt;
  std::vector<Ticket> least;
  for (const auto& [ticket, entry] : entries_) {
    if (entry.turned_away < times) {
      times = entry.turned_away;
      least = {ticket};
    } else if (entry.turned_away == times && !least.empty()) {
      least.push_back(ticket);
    }
  }
  if (least.empty()) return std::nullopt;
  return least[random_(least.size())];
}

std::size_t HalfOpenPool::come_again() const {
  return static_cast<std::size_t>(std::count_if(
      entries_.begin(), entries_.end(), [](auto& entry) { return entry.second.turned_away > 0; }));
}

}  // namespace peerage::p2p

#include "addrbook/file/provenance_log.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

namespace peerage::addrbook {

void Provenance::merge(const Provenance& other) {
  if (other.last_seen >= last_seen) source_group = other.source_group;
  first_seen = std::min(first_seen, other.first_seen);
  last_seen = std::max(last_seen, other.last_seen);
  const std::uint32_t room = std::numeric_limits<std::uint32_t>::max() - times;
  times += std::min(room, other.times);
}

void ProvenanceLog::note(std::string_view network, const conn::NodeId& teller,
                         const conn::IpAddress& from, const conn::NetAddress& address, Time now) {
  add({std::string(network), teller, address, now, now, 1,
       from.group(conn::IpAddress::Strict::no)});
}

void ProvenanceLog::put_back(std::vector<Provenance> rows) {
  for (Provenance& row : rows) add(std::move(row));
}

void ProvenanceLog::add(Provenance row) {
  Key key{row.network, row.teller, row.address};
  if (const auto at = pending_.find(key); at != pending_.end()) {
    leave_group(at->second);
    at->second.row.merge(row);
    enter_group(at);
  } else if (pending_.size() < max_pending_ || make_room(row.source_group)) {
    enter_group(pending_.emplace(std::move(key), Waiting{std::move(row), ++arrivals_}).first);
  } else {
    lost_ += row.times;
  }
}

void ProvenanceLog::enter_group(Pending::iterator at) {
  const Waiting& waiting = at->second;
  by_group_.emplace(std::pair(waiting.row.source_group, waiting.arrival), at);
  sizes_.add(waiting.row.source_group, 1);
}

void ProvenanceLog::leave_group(const Waiting& waiting) {
  by_group_.erase({waiting.row.source_group, waiting.arrival});
  sizes_.add(waiting.row.source_group, -1);
}

// For a row of `group`. Only of one that stays the larger of the two: else they would displace each
// other for ever.
bool ProvenanceLog::make_room(std::uint64_t group) {
  const auto [largest, rows] = sizes_.largest();
  if (rows <= sizes_.of(group) + 1) return false;
  const auto after = by_group_.upper_bound({largest, std::numeric_limits<std::uint64_t>::max()});
  const auto newest = std::prev(after)->second;
  lost_ += newest->second.row.times;
  leave_group(newest->second);
  pending_.erase(newest);
  return true;
}

std::vector<Provenance> ProvenanceLog::take(std::size_t rows) {
  std::vector<Provenance> taken;
  taken.reserve(std::min(rows, pending_.size()));
  // Onward from where the last take ended, so that no row waits for ever behind those before it.
  auto next = pending_.upper_bound(taken_);
  while (taken.size() < rows && !pending_.empty()) {
    if (next == pending_.end()) next = pending_.begin();
    leave_group(next->second);
    taken.push_back(std::move(next->second.row));
    auto node = pending_.extract(next++);
    taken_ = std::move(node.key());
  }
  return taken;
}

}  // namespace peerage::addrbook

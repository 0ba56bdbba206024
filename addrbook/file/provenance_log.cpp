#include "addrbook/file/provenance_log.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace peerage::addrbook {

void Provenance::merge(const Provenance& other) {
  first_seen = std::min(first_seen, other.first_seen);
  last_seen = std::max(last_seen, other.last_seen);
  const std::uint32_t room = std::numeric_limits<std::uint32_t>::max() - times;
  times += std::min(room, other.times);
}

void ProvenanceLog::note(std::string_view network, const conn::NodeId& teller,
                         const conn::NetAddress& address, Time now) {
  add({std::string(network), teller, address, now, now, 1});
}

void ProvenanceLog::put_back(std::vector<Provenance> rows) {
  for (Provenance& row : rows) add(std::move(row));
}

void ProvenanceLog::add(Provenance row) {
  Key key{row.network, row.teller, row.address};
  const auto at = pending_.lower_bound(key);
  if (at != pending_.end() && at->first == key) {
    at->second.merge(row);
  } else if (pending_.size() < max_pending_) {
    pending_.emplace_hint(at, std::move(key), std::move(row));
  } else {
    lost_ += row.times;
  }
}

std::vector<Provenance> ProvenanceLog::take(std::size_t rows) {
  std::vector<Provenance> taken;
  taken.reserve(std::min(rows, pending_.size()));
  // Onward from where the last take ended, so that no row waits for ever behind those before it.
  auto next = pending_.upper_bound(taken_);
  while (taken.size() < rows && !pending_.empty()) {
    if (next == pending_.end()) next = pending_.begin();
    taken.push_back(std::move(next->second));
    auto node = pending_.extract(next++);
    taken_ = std::move(node.key());
  }
  return taken;
}

}  // namespace peerage::addrbook

#include "addrbook/file/told_log.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace peerage::addrbook {

void ToldRow::merge(const ToldRow& other) {
  first_seen = std::min(first_seen, other.first_seen);
  last_seen = std::max(last_seen, other.last_seen);
  const std::uint32_t room = std::numeric_limits<std::uint32_t>::max() - times;
  times += std::min(room, other.times);
}

void ToldLog::note(std::string_view network, const conn::NodeId& teller,
                   const conn::NetAddress& address, Time now) {
  add({std::string(network), teller, address, now, now, 1});
}

void ToldLog::put_back(std::vector<ToldRow> rows) {
  for (ToldRow& row : rows) add(std::move(row));
}

void ToldLog::add(ToldRow row) {
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

std::vector<ToldRow> ToldLog::take(std::size_t rows) {
  std::vector<ToldRow> taken;
  taken.reserve(std::min(rows, pending_.size()));
  // Onward from where the last take ended, so that nobody waits for ever behind those before.
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

#include "addrbook/file/discovery_log.h"

#include <algorithm>
#include <utility>

namespace peerage::addrbook {

void DiscoveryLog::load(DiscoveryRows rows, Time now) {
  if (rows.seq > seq_) {
    seq_ = rows.seq;
    seq_changed_ = false;
  } else {
    seq_changed_ = seq_ > rows.seq;
  }
  if (!nodes_set_) nodes_ = std::move(rows.nodes);
  for (const DiscoveryBan& each : rows.bans) {
    if (each.until && *each.until <= now) {
      changed_bans_.insert(each.id);
    } else if (!changed_bans_.contains(each.id)) {
      bans_.try_emplace(each.id, each.until);
    }
  }
}

DiscoveryRows DiscoveryLog::rows() const {
  DiscoveryRows rows{seq_, nodes_, {}};
  for (const auto& [id, until] : bans_) rows.bans.push_back({id, until});
  return rows;
}

void DiscoveryLog::set_seq(std::uint64_t seq) {
  if (seq <= seq_) return;
  seq_ = seq;
  seq_changed_ = true;
}

void DiscoveryLog::set_nodes(std::vector<DiscoveryNode> nodes) {
  if (nodes.size() > DiscoveryRows::kMaxNodes) nodes.resize(DiscoveryRows::kMaxNodes);
  nodes_set_ = true;
  if (nodes == nodes_) return;
  nodes_ = std::move(nodes);
  nodes_changed_ = true;
}

void DiscoveryLog::ban(const DiscoveryBan& ban) {
  const auto ends_first = [](const auto& a, const auto& b) {
    return a.second.value_or(Time::max()) < b.second.value_or(Time::max());
  };
  if (bans_.size() >= DiscoveryRows::kMaxBans && !bans_.contains(ban.id)) {
    unban(std::min_element(bans_.begin(), bans_.end(), ends_first)->first);
  }
  bans_.insert_or_assign(ban.id, ban.until);
  changed_bans_.insert(ban.id);
}

void DiscoveryLog::unban(const DiscoveryId& id) {
  const DiscoveryId gone = id;  // it may be the key that is erased
  if (bans_.erase(gone) == 0) return;
  changed_bans_.insert(gone);
  // While the file cannot be written, bans may come and go for hours.
  if (changed_bans_.size() <= 2 * DiscoveryRows::kMaxBans) return;
  changed_bans_.clear();
  rewrite_bans_ = true;
}

bool DiscoveryLog::empty() const noexcept {
  return !seq_changed_ && !nodes_changed_ && !rewrite_bans_ && changed_bans_.empty();
}

std::size_t DiscoveryLog::size() const noexcept {
  return (seq_changed_ ? 1 : 0) + (nodes_changed_ ? nodes_.size() : 0) +
         (rewrite_bans_ ? bans_.size() : changed_bans_.size());
}

DiscoveryChanges DiscoveryLog::take() {
  DiscoveryChanges changes;
  if (std::exchange(seq_changed_, false)) changes.seq = seq_;
  if (std::exchange(nodes_changed_, false)) changes.nodes = nodes_;
  changes.rewrite_bans = std::exchange(rewrite_bans_, false);
  const std::set<DiscoveryId> changed = std::exchange(changed_bans_, {});
  if (changes.rewrite_bans) {
    for (const auto& [id, until] : bans_) changes.banned.push_back({id, until});
    return changes;
  }
  for (const DiscoveryId& id : changed) {
    const auto found = bans_.find(id);
    if (found == bans_.end()) {
      changes.unbanned.push_back(id);
    } else {
      changes.banned.push_back({id, found->second});
    }
  }
  return changes;
}

void DiscoveryLog::put_back(const DiscoveryChanges& changes) {
  seq_changed_ = seq_changed_ || changes.seq;
  nodes_changed_ = nodes_changed_ || changes.nodes;
  rewrite_bans_ = rewrite_bans_ || changes.rewrite_bans;
  if (rewrite_bans_) return;
  for (const DiscoveryBan& each : changes.banned) changed_bans_.insert(each.id);
  changed_bans_.insert(changes.unbanned.begin(), changes.unbanned.end());
}

void DiscoveryLog::everything_changed() {
  seq_changed_ = seq_ > 0;
  nodes_changed_ = nodes_set_ || !nodes_.empty();
  rewrite_bans_ = true;
}

}  // namespace peerage::addrbook

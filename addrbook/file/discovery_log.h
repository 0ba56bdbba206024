// What discovery keeps, in memory, and what of it the file does not have yet.
//
// It is all here: should the file be lost, everything is given again. The sequence number never
// becomes lower. Bounded as the rows are (DiscoveryRows): of more bans, the one that ends first
// makes room.
//
// Threads: none of its own (the control shard). No I/O.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "addrbook/file/discovery_rows.h"

namespace peerage::addrbook {

class DiscoveryLog {
 public:
  // What a file has. What was set before, and the higher number, hold against it; bans that are
  // over are left out.
  void load(DiscoveryRows rows, Time now);
  DiscoveryRows rows() const;
  std::size_t nodes() const noexcept { return nodes_.size(); }

  void set_seq(std::uint64_t seq);
  // These are all of them; those beyond DiscoveryRows::kMaxNodes are left out.
  void set_nodes(std::vector<DiscoveryNode> nodes);
  void ban(const DiscoveryBan& ban);
  void unban(const DiscoveryId& id);

  bool empty() const noexcept;
  std::size_t size() const noexcept;  // rows that wait
  DiscoveryChanges take();
  // What was taken and is not in the file.
  void put_back(const DiscoveryChanges& changes);
  void everything_changed();

 private:
  std::uint64_t seq_ = 0;
  std::vector<DiscoveryNode> nodes_;
  std::map<DiscoveryId, std::optional<Time>> bans_;

  bool seq_changed_ = false;
  bool nodes_changed_ = false;
  bool nodes_set_ = false;  // by discovery, not by a file
  bool rewrite_bans_ = false;
  std::set<DiscoveryId> changed_bans_;
};

}  // namespace peerage::addrbook

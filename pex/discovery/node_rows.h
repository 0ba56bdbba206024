// What discovery keeps across restarts, as an interface: whoever has a file implements it.
//
// Rows are of nodes that were live with at least kRowChecks answers over kRowAge; at most
// DiscoveryLimits::rows of them, at most 2 of one network. Our own record's sequence is stored
// before a record with it is sent. A restart pings some of the rows by lot beside the boot nodes,
// so that it does not hand the table to whoever knocks first; and all others after them, one each
// second, for those that still live are worth dialling whether they find a place or not.
//
// Threads: all calls and callbacks on the control shard; an implementation writes elsewhere.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "conn/base/failure.h"
#include "conn/base/time.h"
#include "pex/discovery/contact.h"

namespace peerage::pex {

inline constexpr unsigned kRowChecks = 3;
inline constexpr conn::Duration kRowAge = std::chrono::minutes(10);
inline constexpr std::chrono::days kRowLasts{5};  // not live for so long: dropped
inline constexpr std::size_t kRowsPingedAtStart = 32;

struct NodeRow {
  Contact node;
  std::array<bool, kProtocolCount> speaks{};
  conn::WallTime first_seen{};
  conn::WallTime last_live{};
  std::uint32_t checks = 0;
};

class NodeRows {
 public:
  virtual ~NodeRows() = default;

  struct Loaded {
    std::uint64_t seq = 0;  // the last that our record may have been sent with; 0: none
    std::vector<NodeRow> rows;
    // Bans by discovery's IDs, with their end; none: for ever.
    std::vector<std::pair<EnodeId, std::optional<conn::WallTime>>> bans;
  };
  // Rows that make no sense are left out.
  virtual Loaded load() = 0;
  // Before a record of this sequence is sent; `done` once it is safe, or with why it is not.
  virtual void save_seq(std::uint64_t seq, std::function<void(conn::Result<void>)> done) = 0;
  // These are all the rows from now on.
  virtual void save(std::vector<NodeRow> rows) = 0;
  virtual void save_ban(const EnodeId& id, std::optional<conn::WallTime> until) = 0;
  virtual void remove_ban(const EnodeId& id) = 0;
};

}  // namespace peerage::pex

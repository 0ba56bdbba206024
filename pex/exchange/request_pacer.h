// When we may ask which peer for addresses, and whether a list that comes was asked for.
//
// Each peer has at most one request under way, and beyond the free ones of a connection requests
// are kRequestPause apart; a peer that comes back sooner has the free ones that it had left, for it
// may count across connections, as we do. So no honest node has a reason to ban us.
//
// A request that is never answered blocks further ones on that connection, as in the Go node: the
// late answer would look like the answer to the second, and the next list unsolicited.
//
// A pure state machine. Bounded: one entry for each connected peer, kMaxGone for those that went.
// Threads: none of its own (the control shard).
// Source: comet p2p/pex/pex_reactor.go:RequestAddrs, receiveRequest.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>

#include "conn/address/node_id.h"
#include "conn/base/recent_map.h"
#include "pex/limits/limits.h"

namespace peerage::pex {

class RequestPacer {
 public:
  static constexpr std::size_t kMaxGone = 4096;

  void on_connected(const conn::NodeId& peer, conn::TimePoint now);
  void on_gone(const conn::NodeId& peer);

  // Whether a request may go out now; the caller then says that it did.
  bool may_ask(const conn::NodeId& peer, conn::TimePoint now) const;
  void on_asked(const conn::NodeId& peer, conn::TimePoint now);

  // A list has come. False: we did not ask for it.
  [[nodiscard]] bool on_list(const conn::NodeId& peer);
  bool waits_for(const conn::NodeId& peer) const;

 private:
  struct Peer {
    std::uint32_t asked = 0;  // on this connection, and on one shortly before
    conn::TimePoint last;     // of any, on this or an earlier connection
    bool ever = false;        // `last` means something
    bool outstanding = false;
  };
  struct Gone {
    conn::TimePoint last;
    std::uint32_t asked = 0;
  };
  std::map<conn::NodeId, Peer> peers_;
  conn::RecentMap<conn::NodeId, Gone> gone_{kMaxGone};  // those that had been asked
};

}  // namespace peerage::pex

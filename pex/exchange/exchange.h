// Peer exchange with connected peers: which requests we answer, which peers we ask, and what we do
// with the lists that they send.
//
// Rules of the wire that it keeps: a request is answered at most once, also with an empty list; a
// list is never sent unasked; no peer is asked while its last answer is outstanding, nor too soon
// (RequestPacer). Peers that break them pay what RequestGuard says, by host. Once a connection is
// to end for that, nothing more of it is looked at.
//
// A list is taken in under the address of the socket that it came from, whatever its sender says of
// itself. A named node (p2p::Peer::named) never loses its connection here.
//
// It does not act on connections: it says what is to be done.
// Threads: the control shard.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "p2p/peer/message.h"
#include "p2p/peer/peer.h"
#include "pex/books/network_books.h"
#include "pex/exchange/answer_cache.h"
#include "pex/exchange/counts.h"
#include "pex/exchange/request_guard.h"
#include "pex/exchange/request_pacer.h"

namespace peerage::pex {

class Exchange {
 public:
  // Which addresses others get: any that we know, or those that we have verified.
  enum class Serve : std::uint8_t { known, verified };

  Exchange(NetworkBooks& books, Serve serve, const RequestLimits& limits)
      : books_(books), serve_(serve), limits_(limits), guard_(limits) {}

  void on_connected(const p2p::Peer& peer, conn::TimePoint now) {
    pacer_.on_connected(peer.id(), now);
  }
  void on_gone(const p2p::Peer& peer) {
    pacer_.on_gone(peer.id());
    ending_.erase(peer.link());
  }

  bool may_ask(const p2p::Peer& peer, conn::TimePoint now) const;
  // Sends a request; false: not now.
  bool ask(p2p::Peer& peer, conn::TimePoint now);

  struct Outcome {
    enum class Kind : std::uint8_t {
      nothing,
      answered,  // its request
      ignored,   // its request
      list,      // in answer to ours; what is in it is in the book
      drop,      // the connection is to end, for `why`
      ban,       // and its host is to be banned
    };
    Kind kind = Kind::nothing;
    conn::Failure why;      // for the log: what it did, with figures, and what follows
    std::size_t added = 0;  // addresses of a list that were not in the book
    // Whether its address is to rest, too: not for asking too often, which says nothing of how good
    // a node is.
    enum class Address : std::uint8_t { as_before, is_bad } address = Address::as_before;
    // Of a list in answer to ours, whatever is to be done about the peer.
    std::optional<AnswerCounts> answer{};
  };
  Outcome on_message(p2p::Peer& peer, conn::ByteView bytes, conn::TimePoint now);

  const ExchangeCounts& counts() const noexcept { return counts_; }
  // Of counts().answers, those of one network.
  std::uint64_t answers_of(const std::string& network) const;

 private:
  Outcome on_request(p2p::Peer& peer, conn::TimePoint now);
  Outcome on_list(p2p::Peer& peer, std::span<const conn::NetAddress> addresses, std::size_t refused,
                  conn::TimePoint now);
  RequestGuard::Asker asker_of(const p2p::Peer& peer);
  // What the guard's verdict comes to; `mild` when the peer stays.
  Outcome judged(const p2p::Peer& peer, RequestGuard::Verdict verdict, conn::Failure what,
                 Outcome::Kind mild);

  NetworkBooks& books_;
  Serve serve_;
  const RequestLimits limits_;
  RequestGuard guard_;
  RequestPacer pacer_;
  std::map<std::string, AnswerCache, std::less<>> answers_;  // by network
  std::set<p2p::LinkId> ending_;  // connections that are to end for what they sent
  std::map<std::string, std::uint64_t> answers_of_;
  ExchangeCounts counts_;
};

}  // namespace peerage::pex

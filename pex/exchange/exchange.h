// Peer exchange with connected peers: which requests we answer, which peers we ask, and what we do
// with the lists that they send.
//
// Rules of the wire that it keeps: a request is answered at most once, also with an empty list; a
// list is never sent unasked; no peer is asked while its last answer is outstanding, nor too soon
// (RequestPacer). Peers that break them pay what RequestGuard says, by host.
//
// A list is taken in under the address of the socket that it came from, whatever its sender says of
// itself. A persistent or unconditional peer never loses its connection here.
//
// It does not act on connections: it says what is to be done.
// Threads: the control shard.
#pragma once

#include <cstdint>
#include <map>
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
      : books_(books), serve_(serve), guard_(limits) {}

  void on_connected(const p2p::Peer& peer, conn::TimePoint now) {
    pacer_.on_connected(peer.id(), now);
  }
  void on_gone(const p2p::Peer& peer) { pacer_.on_gone(peer.id()); }

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
    conn::Failure why;
    std::size_t added = 0;  // addresses of a list that were not in the book
  };
  Outcome on_message(p2p::Peer& peer, conn::ByteView bytes, conn::TimePoint now);

  const ExchangeCounts& counts() const noexcept { return counts_; }

 private:
  Outcome on_request(p2p::Peer& peer, conn::TimePoint now);
  Outcome on_list(p2p::Peer& peer, std::span<const conn::NetAddress> addresses, std::size_t refused,
                  conn::TimePoint now);
  // `mild`: what to do when it is neither drop nor ban.
  RequestGuard::Asker asker_of(const p2p::Peer& peer);
  static Outcome outcome_of(RequestGuard::Verdict verdict, std::string what, Outcome::Kind mild);

  NetworkBooks& books_;
  Serve serve_;
  RequestGuard guard_;
  RequestPacer pacer_;
  std::map<std::string, AnswerCache, std::less<>> answers_;  // by network
  ExchangeCounts counts_;
};

}  // namespace peerage::pex

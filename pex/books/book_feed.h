// What the switch's events mean for the books.
//
//   Dialled                         -> the address was dialled
//   DialFailed, Connected           -> what the attempt proves: that it is there (its ID), that it
//                                      is of the network (its NodeInfo), or what is wrong with it
//   Connected, Gone, time passing   -> sessions: which outbound peers there are, and stayed of use
//   MarkedGood                      -> a reactor's mark
//   Connected, inbound              -> the address that the peer says it listens on
//   Banned, Unbanned, BansDropped   -> rows of the ban list; a banned ID is neither dialled nor
//                                      given out
//
// A peer's own address counts as its own only when it names the IP of the socket, or none at all
// (0.0.0.0 is what a node says that does not know its address); any other is gossip from that
// socket. A configured seed is not given out: it enters the book only if others name it.
//
// Threads: the control shard.
#pragma once

#include <set>

#include "p2p/peer/switch_events.h"
#include "pex/books/network_books.h"

namespace peerage::pex {

class BookFeed {
 public:
  // Whether outbound connections are sessions that make anchors and tried addresses, or visits.
  enum class Outbound : std::uint8_t { sessions, visits };

  BookFeed(NetworkBooks& books, Outbound outbound) : books_(books), outbound_(outbound) {}

  void set_seeds(std::set<conn::NodeId> ids) { seeds_ = std::move(ids); }

  void on_event(const p2p::SwitchEvent& event);
  // An outbound peer is still here after `lasted`. To be called now and then.
  void on_still_here(const p2p::Peer& peer, conn::Duration lasted);

  // Where the peer says it listens, and whether that counts as its own address or as gossip.
  struct Claim {
    conn::NetAddress address;
    addrbook::Origin origin = addrbook::Origin::pex;
  };
  static std::optional<Claim> claim_of(const p2p::Peer& peer);

 private:
  void on(const p2p::Dialled& event);
  void on(const p2p::DialFailed& event);
  void on(const p2p::Refused&) {}
  void on(const p2p::Connected& event);
  void on(const p2p::Gone& event);
  void on(const p2p::MarkedGood& event);
  void on(const p2p::Banned& event);
  void on(const p2p::Unbanned& event);
  void on(const p2p::BansDropped& event);
  void on(const p2p::Started&) {}
  void on(const p2p::Stopping&) { stopping_ = true; }

  void on_inbound(const p2p::Peer& peer);
  // What a finished upgrade has shown.
  void learn(addrbook::AddressBook& book, const conn::NetAddress& address,
             const p2p::UpgradeReport& report);
  void on_other_network(const conn::NetAddress& address, const p2p::UpgradeReport& report);

  NetworkBooks& books_;
  Outbound outbound_;
  std::set<conn::NodeId> seeds_;
  bool stopping_ = false;
};

}  // namespace peerage::pex

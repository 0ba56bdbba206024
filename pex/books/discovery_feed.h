// What discovery finds, handed to the address books; and what comes of dialling it, handed back.
//
//   Update ─▶ Candidates ─▶ AddressBook::add (Origin::discovery) ─▶ whoever dials from the book
//   Connected, DialFailed, Gone ─▶ Candidates ─▶ a record's ID is banned
//   Banned, Unbanned, BansDropped ─▶ Candidates, and the networks that discovery bans
//
// Discovery dials nothing itself. Its addresses compete in the books as a peer's do; their source
// is the very IP that has answered, so the books hold whoever has one network to what one network
// may fill. A dial that proves another ID blames the record that named the address; the node that
// was named keeps its standing in the book.
//
// Threads: the control shard.
#pragma once

#include <array>
#include <functional>

#include "p2p/peer/switch_events.h"
#include "pex/books/network_books.h"
#include "pex/discovery/candidates.h"

namespace peerage::pex {

class DiscoveryFeed {
 public:
  // What the server is to do; called at once.
  struct Bans {
    std::function<void(const EnodeId&, conn::Duration)> ban_id;
    std::function<void(const conn::Cidr&, conn::TimePoint until)> ban_network;
    std::function<void(const conn::Cidr&)> unban_network;
  };
  // `books` outlives it. The bans that are in force already are told at once.
  DiscoveryFeed(NetworkBooks& books, const conn::NodeId& own, const DiscoveryLimits& limits,
                Bans bans, conn::TimePoint now);

  void on_update(const Update& update, conn::TimePoint now) { candidates_.on_update(update, now); }
  void on_event(const p2p::SwitchEvent& event, conn::TimePoint now);
  // Hands over what is due; when to call again.
  conn::TimePoint on_time(conn::TimePoint now);
  // After an update or an event.
  conn::TimePoint next_deadline(conn::TimePoint now) { return candidates_.next_deadline(now); }

  const Candidates& candidates() const noexcept { return candidates_; }
  // What the books said to what was handed over.
  std::uint64_t added(addrbook::Added outcome) const noexcept {
    return added_[static_cast<std::size_t>(outcome)];
  }

 private:
  void on_dial_failed(const p2p::DialFailed& event, conn::TimePoint now);
  void on_peer(const p2p::Peer& peer, DialOutcome outcome, conn::TimePoint now);
  void on_banned(const p2p::Ban& ban);
  void on_unbanned(const p2p::BanTarget& target);
  void note(const conn::NetAddress& address, const std::string& network, DialOutcome outcome,
            conn::TimePoint now);

  NetworkBooks& books_;
  Bans bans_;
  Candidates candidates_;
  std::array<std::uint64_t, addrbook::kAddedCount> added_{};
  bool stopping_ = false;
};

}  // namespace peerage::pex

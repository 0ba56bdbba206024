// Questions to peers that are to be answered in time.
//
// RequestTable is the bookkeeping, without clock or callbacks: which peer was asked what, until
// when. Requests is what a reactor uses: it sends the question, keeps the deadline, and calls back
// exactly once with the answer, answer_timed_out, or the peer's end.
//
//   requests_ = std::make_unique<p2p::Requests<Height, Block>>(context);      // in start()
//   requests_->ask(peer, kBlocks, p2p::encode(question), height, 5s,
//                  [this](conn::Result<Block> block) { ... });
//   ... requests_->answer(peer, block.height, std::move(block));              // in receive()
//   ... requests_->peer_gone(peer, why);                                      // in remove_peer()
//
// Whether an answer was worth anything is the reactor's to say (Peer::mark_useful).
//
// An answer is matched by the connection that it came on and by its key: no peer can answer for
// another, nor a node after it has come back for what it was asked before.
//
// Threads: none of their own. Requests belongs to the calls of one reactor with Delivery::executor
// (tasks that it posts are among them); a reactor that is called in_line posts to it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "p2p/base/peer_reason.h"
#include "p2p/peer/peer.h"
#include "p2p/peer/reactor.h"

namespace peerage::p2p {

// A pure table. `Key` is what tells a peer's requests apart (a height, a hash) and is ordered by <;
// `Ticket` is what the asker keeps with a request. Bounded: `per_peer` requests of each peer.
template <typename Key, typename Ticket>
class RequestTable {
 public:
  enum class Noted : std::uint8_t {
    noted,
    asked_already,  // this peer, and not answered yet
    peer_full,      // it has as many to answer as may be
  };

  explicit RequestTable(std::size_t per_peer) : per_peer_(per_peer) {}

  // The ticket is taken only when the request is noted.
  Noted note(LinkId peer, const Key& key, conn::TimePoint until, Ticket&& ticket) {
    auto& asked = peers_[peer];
    Noted noted = Noted::noted;
    if (asked.contains(key)) {
      noted = Noted::asked_already;
    } else if (asked.size() >= per_peer_) {
      noted = Noted::peer_full;
    } else {
      const auto at = asked.emplace(key, Entry{std::move(ticket), {}}).first;
      at->second.deadline = deadlines_.emplace(until, Place{peer, &at->first});
    }
    if (asked.empty()) peers_.erase(peer);
    return noted;
  }

  // The peer has answered: the ticket of that request. None if it was not asked, or is no more.
  std::optional<Ticket> take(LinkId peer, const Key& key) {
    const auto asked = peers_.find(peer);
    if (asked == peers_.end()) return std::nullopt;
    const auto found = asked->second.find(key);
    if (found == asked->second.end()) return std::nullopt;
    std::optional<Ticket> ticket = std::move(found->second.ticket);
    deadlines_.erase(found->second.deadline);
    asked->second.erase(found);
    if (asked->second.empty()) peers_.erase(asked);
    return ticket;
  }
  // The peer is gone: the tickets of what it has not answered, by key.
  std::vector<Ticket> take_all(LinkId peer) {
    std::vector<Ticket> tickets;
    const auto asked = peers_.find(peer);
    if (asked == peers_.end()) return tickets;
    for (auto& [key, entry] : asked->second) {
      tickets.push_back(std::move(entry.ticket));
      deadlines_.erase(entry.deadline);
    }
    peers_.erase(asked);
    return tickets;
  }
  // The tickets of requests that are due, by deadline.
  std::vector<Ticket> take_due(conn::TimePoint now) {
    std::vector<Ticket> tickets;
    while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
      const Place place = deadlines_.begin()->second;
      tickets.push_back(*take(place.peer, Key(*place.key)));
    }
    return tickets;
  }

  // The earliest one.
  std::optional<conn::TimePoint> deadline() const {
    if (deadlines_.empty()) return std::nullopt;
    return deadlines_.begin()->first;
  }
  std::size_t size() const noexcept { return deadlines_.size(); }
  std::size_t size(LinkId peer) const {
    const auto asked = peers_.find(peer);
    return asked == peers_.end() ? 0 : asked->second.size();
  }

 private:
  // Invariant: each entry of peers_ stands once in deadlines_, which points at its key; no peer is
  // kept without an entry.
  struct Place {
    LinkId peer = 0;
    const Key* key = nullptr;
  };
  using Deadlines = std::multimap<conn::TimePoint, Place>;
  struct Entry {
    Ticket ticket;
    typename Deadlines::iterator deadline;
  };

  std::size_t per_peer_;
  std::map<LinkId, std::map<Key, Entry>> peers_;
  Deadlines deadlines_;
};

enum class Asked : std::uint8_t {
  asked,
  asked_already,  // the same of this peer, and it has not answered yet
  peer_full,      // the peer has as many requests to answer as may be
  not_sent,       // the peer is gone, does not have the channel, or its queue is full
};

// The requests of one reactor. Destroying it drops those that are open without a call; when a
// switch stops there are none any more, because every peer has been removed before.
template <typename Key, typename Answer>
class Requests {
 public:
  // As many as a comet node asks of one peer when it fetches blocks.
  static constexpr std::size_t kPerPeer = 20;
  // Must not throw; may ask again.
  using Done = std::function<void(conn::Result<Answer>)>;

  // The reactor's own context. `per_peer`: requests that one peer may have to answer at a time.
  explicit Requests(ReactorContext& context, std::size_t per_peer = kPerPeer)
      : context_(context), table_(per_peer) {}
  Requests(const Requests&) = delete;
  Requests& operator=(const Requests&) = delete;

  // Sends `question` on `channel` (never waiting for room), to be answered `within` this time. If
  // it is `asked`, then `done` runs once, later; otherwise never.
  Asked ask(const PeerPtr& peer, conn::ChannelId channel, conn::SharedBytes question,
            const Key& key, conn::Duration within, Done done) {
    using Noted = typename RequestTable<Key, Done>::Noted;
    const conn::TimePoint now = context_.now();
    const conn::TimePoint until = now + std::min(within, conn::TimePoint::max() - now);
    switch (table_.note(peer->link(), key, until, std::move(done))) {
      case Noted::asked_already:
        return Asked::asked_already;
      case Noted::peer_full:
        return Asked::peer_full;
      case Noted::noted:
        break;
    }
    if (peer->try_send(channel, std::move(question)) != conn::SendResult::queued) {
      table_.take(peer->link(), key);
      return Asked::not_sent;
    }
    arm();
    return Asked::asked;
  }

  // Passes an answer to its request. False if none waits for it: it was not asked for, or came too
  // late, so by itself it proves no lie. `key` may be a part of `answer`.
  [[nodiscard]] bool answer(const PeerPtr& peer, const Key& key, Answer&& answer) {
    const auto done = table_.take(peer->link(), key);
    disarm_if_idle();
    if (done) (*done)(std::move(answer));
    return done.has_value();
  }

  // To be called in remove_peer: what the peer has not answered fails for this reason.
  void peer_gone(const PeerPtr& peer, const conn::Failure& why) {
    const auto unanswered = table_.take_all(peer->link());
    disarm_if_idle();
    for (const Done& done : unanswered) done(tl::unexpected(why));
  }

  std::size_t open() const noexcept { return table_.size(); }
  // Of one peer: for asking the least busy.
  std::size_t open(const PeerPtr& peer) const { return table_.size(peer->link()); }

 private:
  // The timer may come early, when what it was meant for has been answered, but never late.
  void arm() {
    const auto deadline = table_.deadline();
    if (!deadline || (timer_ && armed_for_ <= *deadline)) return;
    armed_for_ = *deadline;
    const auto left = std::max(*deadline - context_.now(), conn::Duration(0));
    timer_ = context_.after(left, [this] { on_time(); });
  }
  void on_time() {
    timer_.reset();
    const auto late = table_.take_due(context_.now());
    arm();
    for (const Done& done : late) {
      done(conn::fail(conn::Stage::established, PeerReason::answer_timed_out));
    }
  }
  // An idle one has no timer, so it may outlive the switch and its runtime.
  void disarm_if_idle() {
    if (table_.size() == 0) timer_.reset();
  }

  ReactorContext& context_;
  RequestTable<Key, Done> table_;
  std::shared_ptr<void> timer_;
  conn::TimePoint armed_for_;
};

}  // namespace peerage::p2p

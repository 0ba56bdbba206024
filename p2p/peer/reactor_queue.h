// The way from one peer to one reactor: init, add, messages and remove, in order, one at a time.
//
// All calls to a queue come from the peer's shard, so their order is fixed there; the queue carries
// them out, on the reactor's executor or, for in-line delivery, at once. Messages pass in batches:
// a task on the executor takes what has gathered, up to kBatch, and then lets other peers' queues
// have their turn.
//
// Invariants: init is called once or never; add, receive and remove only after it; remove exactly
// once if init was called, and last. An exception counts as the call's end, is reported once, and
// is followed by no other call but remove. A receive that returns without one is noted
// (Peer::last_message), and how long it took (p2p/peer/reactor_stats.h).
//
// Threads: init_and_add, deliver and remove on the peer's shard; the reactor is called where it
// wishes.
#pragma once

#include <atomic>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "conn/base/failure.h"
#include "p2p/peer/peer.h"
#include "p2p/peer/reactor.h"
#include "p2p/peer/reactor_stats.h"

namespace peerage::p2p {

// A reactor and where it is called; shared by its queues.
//
// Its stop is called when the last queue is closed, which is when remove_peer has returned: a queue
// takes turns with others, so what is posted to the executor after the last remove may still come
// before it. From the moment in which the stop is asked for, messages that wait are dropped: a
// reactor that takes its time with each could put the stop off for as long as it likes.
class ReactorEntry {
 public:
  std::shared_ptr<Reactor> reactor;
  std::string name;
  std::size_t index = 0;  // of the reactor, among those of the switch
  Delivery delivery = Delivery::executor;
  // With as many writers as threads may call it at once.
  std::shared_ptr<ReactorStats> stats = std::make_shared<ReactorStats>(1);
  // For Delivery::executor; goes with the entry and not before, for queues post to it until then.
  std::unique_ptr<conn::Executor> executor;

  // Runs `stop` where the reactor is called, once all queues are closed; none may be opened any
  // more. Once, on the control shard.
  void stop_when_closed(std::function<void()> stop);
  bool stopping() const noexcept { return stopping_; }

 private:
  friend class ReactorQueue;
  void opened() noexcept { ++open_; }
  void closed();  // where the reactor is called

  std::atomic<std::size_t> open_ = 0;
  std::atomic<bool> stopping_ = false;
  std::function<void()> stop_;  // touched where the reactor is called
};

class ReactorQueue : public std::enable_shared_from_this<ReactorQueue> {
 public:
  static constexpr std::size_t kBatch = 64;
  // Which reactor threw, in which call, and what. Called where the reactor is.
  using OnFailure = std::function<void(const std::string& what)>;

  ReactorQueue(std::shared_ptr<ReactorEntry> entry, PeerPtr peer, OnFailure on_failure);

  void init_and_add();
  void deliver(Message message);
  enum class Rest : std::uint8_t { deliver, discard };  // messages that still wait
  void remove(conn::Failure why, Rest rest);

 private:
  struct Call {
    enum class Kind : std::uint8_t { init, add, message, remove } kind;
    Message message;
    conn::Failure why;
  };
  static std::size_t writer_of(const ReactorEntry& entry, const Peer& peer);
  void enqueue(Call call);
  void run_batch();
  void carry_out(Call& call) noexcept;
  void carry_out(Message& message) noexcept;
  template <typename Work>
  void attempt(const char* name, const Work& work);
  void invoke(Call& call);
  static const char* name_of(Call::Kind kind) noexcept;
  void receive(Message& message);

  const std::shared_ptr<ReactorEntry> entry_;
  PeerPtr peer_;  // until remove
  const OnFailure on_failure_;
  bool opened_ = false;  // the peer's shard's
  bool failed_ = false;  // the reactor's side's, and so is what follows
  ReactorStats::Cells& cells_;
  ReactorTimeCell unlisted_;  // for a peer that counts for no reactor
  ReactorTimeCell* of_peer_ = &unlisted_;
  conn::TimePoint free_since_;  // the reactor's last call for this peer, or batch, began or ended

  std::mutex mutex_;  // guards what follows
  std::deque<Call> calls_;
  bool scheduled_ = false;
};

}  // namespace peerage::p2p

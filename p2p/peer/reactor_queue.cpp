#include "p2p/peer/reactor_queue.h"

#include <algorithm>
#include <utility>

#include "p2p/peer/reactor_failure.h"

namespace peerage::p2p {

void ReactorEntry::stop_when_closed(std::function<void()> stop) {
  stopping_ = true;
  if (!executor) {
    // In-line calls are over when the last link has reported its end.
    stop();
    return;
  }
  executor->post([this, stop = std::move(stop)] {
    if (open_ == 0) {
      stop();
    } else {
      stop_ = stop;
    }
  });
}

void ReactorEntry::closed() {
  if (--open_ > 0 || !stop_) return;
  std::exchange(stop_, nullptr)();
}

ReactorQueue::ReactorQueue(std::shared_ptr<ReactorEntry> entry, PeerPtr peer, OnFailure on_failure)
    : entry_(std::move(entry)),
      peer_(std::move(peer)),
      on_failure_(std::move(on_failure)),
      cells_(entry_->stats->cells(writer_of(*entry_, *peer_))) {
  auto& of_peer = peer_->reactor_times_;
  if (entry_->index < of_peer.size()) of_peer_ = &of_peer[entry_->index];
}

// Where its calls are counted: in line they come on the peer's shard, else one after another.
std::size_t ReactorQueue::writer_of(const ReactorEntry& entry, const Peer& peer) {
  if (entry.delivery == Delivery::executor) return 0;
  return std::min(peer.shard_index(), entry.stats->writers() - 1);
}

void ReactorQueue::init_and_add() {
  opened_ = true;
  entry_->opened();
  // What came before that has waited until now.
  if (entry_->delivery == Delivery::in_line) free_since_ = peer_->shard_.now();
  enqueue({Call::Kind::init, {}, {}});
  enqueue({Call::Kind::add, {}, {}});
}

void ReactorQueue::deliver(Message message) {
  if (!opened_) return;
  if (entry_->delivery == Delivery::in_line) {
    carry_out(message);
  } else {
    enqueue({Call::Kind::message, std::move(message), {}});
  }
}

void ReactorQueue::remove(conn::Failure why, Rest rest) {
  if (!std::exchange(opened_, false)) return;
  if (rest == Rest::discard) {
    std::deque<Call> dropped;  // freed when the lock is not held
    const std::lock_guard lock(mutex_);
    for (auto call = calls_.begin(); call != calls_.end();) {
      if (call->kind == Call::Kind::message) {
        dropped.push_back(std::move(*call));
        call = calls_.erase(call);
      } else {
        ++call;
      }
    }
  }
  enqueue({Call::Kind::remove, {}, std::move(why)});
}

void ReactorQueue::enqueue(Call call) {
  if (entry_->delivery == Delivery::in_line) {
    carry_out(call);
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    calls_.push_back(std::move(call));
    if (std::exchange(scheduled_, true)) return;
  }
  entry_->executor->post([self = shared_from_this()] { self->run_batch(); });
}

void ReactorQueue::run_batch() {
  if (peer_) free_since_ = peer_->shard_.now();
  for (std::size_t i = 0; i < kBatch; ++i) {
    Call call;
    {
      const std::lock_guard lock(mutex_);
      if (calls_.empty()) {
        scheduled_ = false;
        return;
      }
      call = std::move(calls_.front());
      calls_.pop_front();
    }
    carry_out(call);
  }
  entry_->executor->post([self = shared_from_this()] { self->run_batch(); });
}

void ReactorQueue::carry_out(Call& call) noexcept {
  if (call.kind == Call::Kind::message) return carry_out(call.message);
  const bool remove = call.kind == Call::Kind::remove;
  if (failed_ && !remove) return;
  if (call.kind == Call::Kind::add && entry_->stopping()) return;
  attempt(name_of(call.kind), [&] { invoke(call); });
  if (!remove) return;
  peer_.reset();
  entry_->closed();
}

void ReactorQueue::carry_out(Message& message) noexcept {
  if (failed_ || entry_->stopping()) return;
  attempt("receive", [&] { receive(message); });
}

// An exception ends the call, and no more than that.
template <typename Work>
void ReactorQueue::attempt(const char* name, const Work& work) {
  const auto failure = failure_in(entry_->name, name, work);
  if (!failure) return;
  entry_->stats->add_failure();
  if (!std::exchange(failed_, true)) on_failure_(*failure);
}

const char* ReactorQueue::name_of(Call::Kind kind) noexcept {
  switch (kind) {
    case Call::Kind::init:
      return "init_peer";
    case Call::Kind::add:
      return "add_peer";
    case Call::Kind::message:
      return "receive";
    case Call::Kind::remove:
      return "remove_peer";
  }
  return "";
}

void ReactorQueue::receive(Message& message) {
  const conn::TimePoint received_at = message.received_at;
  const conn::TimePoint begun = std::max(free_since_, received_at);
  entry_->reactor->receive(peer_, std::move(message));
  free_since_ = peer_->note_message();
  const conn::Duration waited = begun - received_at;
  const conn::Duration worked = free_since_ - begun;
  cells_.wait.observe(waited);
  cells_.receive.observe(worked);
  of_peer_->messages.add(1);
  of_peer_->waited.add(waited);
  of_peer_->in_receive.add(worked);
}

void ReactorQueue::invoke(Call& call) {
  Reactor& reactor = *entry_->reactor;
  switch (call.kind) {
    case Call::Kind::init:
      reactor.init_peer(peer_);
      break;
    case Call::Kind::add:
      reactor.add_peer(peer_);
      break;
    case Call::Kind::message:
      break;  // receive()
    case Call::Kind::remove:
      reactor.remove_peer(peer_, call.why);
      break;
  }
}

}  // namespace peerage::p2p

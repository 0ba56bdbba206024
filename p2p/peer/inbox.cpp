#include "p2p/peer/inbox.h"

#include <utility>

namespace peerage::p2p {

void Lease::release() noexcept {
  if (inbox_) std::exchange(inbox_, nullptr)->release(channel_, bytes_);
}

void InboxBudget::subtract(std::size_t bytes) noexcept {
  held_ -= bytes;
  if (!somebody_waits_ || held_ > limit_ / 4 * 3) return;
  std::vector<std::weak_ptr<Inbox>> waiting;
  {
    const std::lock_guard lock(mutex_);
    waiting.swap(waiting_);
    somebody_waits_ = false;
  }
  for (const auto& each : waiting) {
    if (const auto inbox = each.lock()) {
      inbox->total_tells_ = false;
      inbox->go_on_if_room();
    }
  }
}

void InboxBudget::wait(std::weak_ptr<Inbox> inbox) {
  const std::lock_guard lock(mutex_);
  std::erase_if(waiting_, [](const std::weak_ptr<Inbox>& each) { return each.expired(); });
  waiting_.push_back(std::move(inbox));
  somebody_waits_ = true;
}

Inbox::Inbox(const std::vector<ReactorChannel>& channels, std::size_t per_peer_bytes,
             std::shared_ptr<InboxBudget> total, std::function<void()> on_room)
    : per_peer_bytes_(per_peer_bytes),
      total_(std::move(total)),
      on_room_(std::move(on_room)),
      channels_(channels.size()) {
  for (std::size_t i = 0; i < channels.size(); ++i) {
    channels_[i].policy = channels[i].when_full;
    channels_[i].limit = channels[i].inbox_bytes;
  }
}

Inbox::Verdict Inbox::charge(std::size_t index, std::size_t size, Lease& lease) {
  Channel& channel = channels_[index];
  channel.messages.add(1);
  channel.bytes.add(size);
  const std::size_t cost = size + kMessageOverhead;
  const bool waits = channel.policy == FullInbox::back_pressure;
  // A single message may exceed its channel's bound: it would never pass otherwise.
  if (!waits && channel.held > 0 && channel.held + cost > channel.limit) {
    channel.dropped.add(1);
    return channel.policy == FullInbox::disconnect ? Verdict::disconnect : Verdict::drop;
  }
  channel.held += cost;
  held_ += cost;
  if (waits) held_waiting_ += cost;
  total_->add(cost);
  lease = Lease(shared_from_this(), index, cost);
  if (!must_pause()) return Verdict::deliver;

  if (paused_.exchange(true)) return Verdict::deliver_and_pause;
  channel.paused.add(1);
  if (over_fair_share()) wait_for_total();
  // What was released since we looked has not seen that we pause.
  if (!must_pause() && paused_.exchange(false)) return Verdict::deliver;
  return Verdict::deliver_and_pause;
}

std::uint64_t Inbox::dropped() const noexcept {
  std::uint64_t sum = 0;
  for (const Channel& channel : channels_) {
    if (channel.policy == FullInbox::drop_newest) sum += channel.dropped;
  }
  return sum;
}

void Inbox::add_received(std::size_t index, ChannelTraffic& to) const noexcept {
  const Channel& channel = channels_[index];
  to.messages_received += channel.messages;
  to.bytes_received += channel.bytes;
  to.inbox_dropped += channel.dropped;
  to.inbox_paused += channel.paused;
}

bool Inbox::must_pause() const noexcept {
  return held_waiting_ >= per_peer_bytes_ || over_fair_share();
}

bool Inbox::over_fair_share() const noexcept {
  return total_->exceeded() && held_waiting_ > kInboxFairShare;
}

void Inbox::wait_for_total() {
  if (!total_tells_.exchange(true)) total_->wait(weak_from_this());
}

void Inbox::release(std::size_t index, std::size_t bytes) noexcept {
  Channel& channel = channels_[index];
  channel.held -= bytes;
  held_ -= bytes;
  if (channel.policy == FullInbox::back_pressure) held_waiting_ -= bytes;
  total_->subtract(bytes);
  go_on_if_room();
}

// Called after each thing that may have made room: a release of ours, or one in the total.
void Inbox::go_on_if_room() {
  if (!paused_ || held_waiting_ > per_peer_bytes_ / 2) return;
  if (over_fair_share()) {
    wait_for_total();
    // What was released before we waited did not wake us.
    if (over_fair_share()) return;
  }
  if (paused_.exchange(false)) on_room_();
}

}  // namespace peerage::p2p

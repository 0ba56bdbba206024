#include "p2p/connect/acceptor.h"

#include <algorithm>
#include <array>
#include <utility>

#include "p2p/base/peer_reason.h"

namespace peerage::p2p {

using conn::Reason;
using conn::Result;
using conn::Stage;

namespace {

// Only the remote can have caused these. Silence, a close or a deadline may be the network's doing,
// and what is no comet node has not tried to authenticate.
bool is_failed_authentication(Reason reason) {
  static constexpr std::array kTheirs = {
      Reason::ephemeral_key_malformed,   Reason::ephemeral_key_low_order,
      Reason::ephemeral_key_reflected,   Reason::frame_forged,
      Reason::frame_malformed,           Reason::auth_message_malformed,
      Reason::auth_key_type_unsupported, Reason::auth_signature_invalid};
  return std::find(kTheirs.begin(), kTheirs.end(), reason) != kTheirs.end();
}

}  // namespace

Acceptor::Acceptor(conn::Runtime& runtime, Transport& transport, Admission& admission,
                   Counters& counters, conn::Duration handshake_timeout, Introduce introduce,
                   ChooseShard choose_shard, Observer& observer)
    : runtime_(runtime),
      control_(runtime.shard(0)),
      transport_(transport),
      admission_(admission),
      counters_(counters),
      handshake_timeout_(handshake_timeout),
      introduce_(std::move(introduce)),
      choose_shard_(std::move(choose_shard)),
      observer_(observer) {}

Result<conn::Endpoint> Acceptor::listen(const conn::Endpoint& at) {
  begin_timer_ = control_.make_timer([this] { begin_waiting(); });
  auto listener = runtime_.listen(control_, at, [this](std::unique_ptr<conn::Arrival> arrival) {
    on_arrival(std::move(arrival));
  });
  if (!listener) return tl::unexpected(listener.error());
  listener_ = std::move(*listener);
  return listener_->local_endpoint();
}

void Acceptor::close() {
  listener_.reset();
  begin_timer_.reset();
  waiting_.clear();
  for (const auto& [ticket, handshake] : handshakes_) admission_.half_open().leave(ticket);
  handshakes_.clear();
}

void Acceptor::on_arrival(std::unique_ptr<conn::Arrival> arrival) {
  const conn::TimePoint now = control_.now();
  const conn::Endpoint remote = arrival->remote_endpoint();
  counters_.add(Counter::accepted);
  const auto entered = admission_.on_arrival(remote.ip, now);
  if (!entered) {
    // The arrival is reset as it goes: nothing is spent on it.
    counters_.add(Counter::refused_at_accept);
    counters_.add_refused_at_accept(entered.error().reason);
    counters_.add_failure(Direction::inbound, entered.error().reason);
    observer_.on_refused_on_arrival(remote, entered.error());
    return;
  }
  if (entered->displaced) drop(*entered->displaced, PeerReason::displaced);
  handshakes_[entered->ticket] = {remote, now + handshake_timeout_, std::move(arrival), nullptr};
  if (entered->host == HalfOpenPool::Host::of_named_node) {
    waiting_.push_front(entered->ticket);
  } else {
    waiting_.push_back(entered->ticket);
  }
  begin_waiting();
}

void Acceptor::begin_waiting() {
  const conn::TimePoint now = control_.now();
  while (!waiting_.empty()) {
    const Ticket ticket = waiting_.front();
    const auto handshake = handshakes_.find(ticket);
    if (handshake == handshakes_.end()) {  // it was displaced
      waiting_.pop_front();
    } else if (handshake->second.deadline <= now) {
      waiting_.pop_front();
      drop(ticket, PeerReason::too_many_handshakes);
    } else if (admission_.take_handshake(now)) {
      waiting_.pop_front();
      begin(ticket, handshake->second);
    } else {
      begin_timer_->arm(admission_.next_handshake(now));
      return;
    }
  }
}

void Acceptor::begin(Ticket ticket, Handshake& handshake) {
  counters_.add(Counter::handshakes_inbound);
  handshake.running = transport_.accept(
      std::move(handshake.arrival), choose_shard_(), introduce_(), handshake.deadline,
      [this, ticket](Stage stage) { admission_.half_open().progress(ticket, stage); },
      [this, ticket](Result<Proven> outcome, const AttemptReport& report) {
        on_done(ticket, std::move(outcome), report);
      });
}

void Acceptor::on_done(Ticket ticket, Result<Proven> outcome, const AttemptReport& report) {
  const auto found = handshakes_.find(ticket);
  if (found == handshakes_.end()) return;
  const Handshake handshake = std::move(found->second);
  handshakes_.erase(found);
  admission_.half_open().leave(ticket);
  if (outcome) {
    observer_.on_handshake_proven(std::move(*outcome), report);
  } else {
    const Reason why = outcome.error().reason;
    if (is_failed_authentication(why)) {
      admission_.on_failed_authentication(handshake.remote.ip, control_.now());
    }
    counters_.add_failure(Direction::inbound, why);
    observer_.on_handshake_failed(handshake.remote, report, outcome.error());
  }
  observer_.on_handshake_over(handshake.remote.ip);
}

void Acceptor::drop(Ticket ticket, Reason why) {
  const auto found = handshakes_.find(ticket);
  if (found == handshakes_.end()) return;
  const Handshake handshake = std::move(found->second);
  handshakes_.erase(found);
  admission_.half_open().leave(ticket);
  counters_.add_failure(Direction::inbound, why);
  observer_.on_handshake_failed(handshake.remote, {}, {Stage::admission, why, {}});
  observer_.on_handshake_over(handshake.remote.ip);
}

}  // namespace peerage::p2p

#include "p2p/connect/acceptor.h"

#include <algorithm>
#include <array>
#include <utility>

#include "conn/comet/foreign_protocol.h"
#include "conn/runtime/spent_arrival.h"
#include "p2p/base/peer_reason.h"

namespace peerage::p2p {

using conn::Failure;
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
  if (const auto* spent = conn::SpentArrival::from(*arrival)) return on_spent(remote, spent->why());
  if (draining_ == Draining::yes)
    return refuse(remote, {Stage::admission, PeerReason::draining, {}});
  const auto entered = admission_.on_arrival(remote.ip, now);
  if (!entered) {
    if (entered.error().reason == PeerReason::connection_rate_exceeded) {
      if (const auto heard = admission_.let_show_itself(remote.ip, now)) {
        return hear_out(std::move(arrival), *heard, entered.error());
      }
    }
    // The arrival is reset as it goes: nothing is spent on it.
    return refuse(remote, entered.error());
  }
  if (entered->displaced) drop(*entered->displaced, PeerReason::displaced);
  handshakes_[entered->ticket] = {remote,   now + handshake_timeout_, now,
                                  *entered, std::move(arrival),       nullptr};
  if (entered->host == HalfOpenPool::Host::of_named_node) {
    waiting_.push_front(entered->ticket);
  } else {
    waiting_.push_back(entered->ticket);
  }
  begin_waiting();
}

void Acceptor::on_spent(const conn::Endpoint& remote, Reason why) {
  if (why != Reason::closed_before_key) return refuse(remote, {Stage::connect, why, {}});
  if (const auto counted = admission_.on_spent_probe(remote.ip, control_.now()); !counted) {
    return refuse(remote, counted.error());
  }
  count_probe(remote);
}

void Acceptor::count_probe(const conn::Endpoint& remote) {
  counters_.add(Counter::probes);
  observer_.on_probe(remote);
}

void Acceptor::refuse(const conn::Endpoint& remote, const Failure& why) {
  counters_.add(Counter::refused_at_accept);
  counters_.add_refused_at_accept(why.reason);
  counters_.add_failure(Direction::inbound, why.reason);
  observer_.on_refused_on_arrival(remote, why);
}

void Acceptor::hear_out(std::unique_ptr<conn::Arrival> arrival, const Admission::Handshake& entered,
                        Failure refusal) {
  const conn::TimePoint now = control_.now();
  const Ticket ticket = entered.ticket;
  Handshake& handshake = handshakes_[ticket];
  handshake = {
      arrival->remote_endpoint(), now + handshake_timeout_, now, entered, nullptr, nullptr};
  handshake.running = transport_.hear_out(
      std::move(arrival), choose_shard_(), std::move(refusal), handshake.deadline,
      [this, ticket](Result<Proven> outcome, const AttemptReport& report) {
        on_done(ticket, std::move(outcome), report);
      });
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
  const Handshake handshake = take(found);
  if (outcome) {
    observer_.on_handshake_proven(std::move(*outcome), report);
  } else {
    on_failed(handshake, report, outcome.error());
  }
  observer_.on_handshake_over(handshake.remote.ip);
}

void Acceptor::on_failed(const Handshake& handshake, const AttemptReport& report,
                         const Failure& why) {
  const conn::Endpoint& remote = handshake.remote;
  const conn::TimePoint now = control_.now();
  const conn::Duration stayed = now - handshake.arrived;
  const bool is_probe = why.reason == Reason::closed_before_key && report.upgrade.received == 0;
  // Noise is nobody's health check, and pays as a connection does.
  const bool is_known_protocol =
      conn::is_foreign_protocol(why.reason) && why.reason != Reason::not_a_comet_node;
  if (is_probe || is_known_protocol) {
    admission_.on_brought_nothing(remote.ip, handshake.entered, stayed, now);
  } else {
    admission_.on_was_no_probe(remote.ip, handshake.entered, stayed, now);
  }
  if (is_probe) return count_probe(remote);
  // It had paid nothing, and nothing was spent on it.
  if (why.reason == PeerReason::connection_rate_exceeded) return refuse(remote, why);
  if (is_failed_authentication(why.reason)) admission_.on_failed_authentication(remote.ip, now);
  counters_.add_failure(Direction::inbound, why.reason);
  observer_.on_handshake_failed(remote, report, why);
}

Acceptor::Handshake Acceptor::take(std::map<Ticket, Handshake>::iterator found) {
  admission_.half_open().leave(found->first);
  Handshake handshake = std::move(found->second);
  handshakes_.erase(found);
  return handshake;
}

void Acceptor::drop(Ticket ticket, Reason why) {
  const auto found = handshakes_.find(ticket);
  if (found == handshakes_.end()) return;
  const Handshake handshake = take(found);
  on_failed(handshake, {}, {Stage::admission, why, {}});
  observer_.on_handshake_over(handshake.remote.ip);
}

}  // namespace peerage::p2p

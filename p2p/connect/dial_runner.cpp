#include "p2p/connect/dial_runner.h"

#include <utility>

namespace peerage::p2p {

using conn::Failure;
using conn::Result;

DialRunner::DialRunner(conn::Runtime& runtime, Transport& transport, Dialer& dialer,
                       const Admission& admission, Counters& counters, Introduce introduce,
                       ChooseShard choose_shard, Observer& observer)
    : control_(runtime.shard(0)),
      transport_(transport),
      dialer_(dialer),
      admission_(admission),
      counters_(counters),
      introduce_(std::move(introduce)),
      choose_shard_(std::move(choose_shard)),
      observer_(observer) {}

void DialRunner::open() {
  open_ = true;
  wake();
}

void DialRunner::wake() {
  if (!open_ || draining_ == Draining::yes) return;
  for (const DialOrder& order : dialer_.take_due(control_.now())) begin(order);
  const auto next = dialer_.deadline();
  if (!timer_) timer_ = control_.make_timer([this] { wake(); });
  if (next) {
    timer_->arm(*next);
  } else {
    timer_->cancel();
  }
}

void DialRunner::drain(Draining draining) {
  draining_ = draining;
  wake();
}

void DialRunner::close() {
  open_ = false;
  timer_.reset();
  running_.clear();
}

void DialRunner::begin(const DialOrder& order) {
  counters_.add(Counter::handshakes_outbound);
  observer_.on_dial_began(order);
  const auto standing = dialer_.needs_slot(order.target.id) ? Admission::Standing::ordinary
                                                            : Admission::Standing::privileged;
  const auto allowed = admission_.may_dial(
      order.target.id, conn::IpAddress::parse(order.target.host), standing, control_.now());
  if (!allowed) {
    // Later, so that no dial ends inside the call that began it.
    control_.post([this, order, failure = allowed.error()] {
      if (open_) on_done(order, tl::unexpected(failure), {});
    });
    return;
  }
  running_[order.target.id] =
      transport_.dial(order.target, choose_shard_(), introduce_(), order.network,
                      [this, order](Result<Proven> outcome, const AttemptReport& report) {
                        on_done(order, std::move(outcome), report);
                      });
}

void DialRunner::on_done(const DialOrder& order, Result<Proven> outcome,
                         const AttemptReport& report) {
  running_.erase(order.target.id);
  if (outcome) {
    // For the dialer it is under way until it is admitted, or not.
    observer_.on_dial_proven(order, std::move(*outcome), report);
  } else {
    const Failure& failure = outcome.error();
    counters_.add_failure(Direction::outbound, failure.reason);
    dialer_.on_dial_ended(order.target.id, &failure, control_.now());
    observer_.on_dial_failed(order, report, failure);
  }
  wake();
}

}  // namespace peerage::p2p

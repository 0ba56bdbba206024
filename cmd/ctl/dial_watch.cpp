#include "cmd/ctl/dial_watch.h"

#include <algorithm>
#include <utility>

#include "conn/runtime/shard_owned.h"
#include "p2p/base/peer_reason.h"

namespace peerage::cmd {

using p2p::PeerReason;
using Kind = DialWatch::Outcome::Kind;

bool DialWatch::dial(const conn::HostAddress& target, conn::Duration within, Told told) {
  if (switch_.find_peer(target.id)) {
    control_.post([told = std::move(told)] { told({Kind::connected}); });
    return true;
  }
  if (waiting_.size() >= kMostWaiting) return false;
  const conn::TimePoint now = control_.now();
  waiting_.push_back({target, now, now + within, std::move(told)});
  arm();
  switch_.dial(target, p2p::DialPurpose::manual);
  return true;
}

void DialWatch::on_event(const p2p::SwitchEvent& event) {
  if (waiting_.empty()) return;
  if (const auto* connected = std::get_if<p2p::Connected>(&event)) {
    const conn::NodeId id = connected->peer->id();
    tell([&id](const Waiting& waiting) -> std::optional<Outcome> {
      if (waiting.target.id != id) return std::nullopt;
      return Outcome{Kind::connected};
    });
  } else if (const auto* failed = std::get_if<p2p::DialFailed>(&event)) {
    tell([this, failed](Waiting& waiting) { return outcome_of(waiting, *failed); });
  }
}

std::optional<DialWatch::Outcome> DialWatch::outcome_of(Waiting& waiting,
                                                        const p2p::DialFailed& failed) const {
  const bool is_ours = failed.target == waiting.target;
  const bool is_its = failed.target.id == waiting.target.id;
  if (!is_ours && !(is_its && waiting.joined)) return std::nullopt;
  const conn::Reason why = failed.failure.reason;
  const bool another = why == PeerReason::already_dialling || why == PeerReason::duplicate_id ||
                       why == PeerReason::lost_simultaneous_dial;
  if (!another) return Outcome{Kind::failed, failed.failure};
  if (switch_.find_peer(waiting.target.id)) return Outcome{Kind::connected};
  waiting.joined = true;
  return std::nullopt;
}

void DialWatch::tell(const std::function<std::optional<Outcome>(Waiting&)>& outcome_of) {
  std::vector<std::pair<Told, Outcome>> due;
  std::erase_if(waiting_, [&](Waiting& each) {
    auto outcome = outcome_of(each);
    if (!outcome) return false;
    outcome->took = control_.now() - each.begun;
    due.emplace_back(std::move(each.told), std::move(*outcome));
    return true;
  });
  arm();
  for (const auto& [told, outcome] : due) told(outcome);  // last: they may ask again
}

void DialWatch::arm() {
  if (waiting_.empty()) return;
  if (!timer_) {
    timer_ = conn::shard_owned(control_, control_.make_timer([weak = weak_from_this()] {
      const auto self = weak.lock();
      if (!self) return;
      const conn::TimePoint now = self->control_.now();
      self->tell([now](const Waiting& waiting) -> std::optional<Outcome> {
        return waiting.until <= now ? std::optional(Outcome{}) : std::nullopt;
      });
    }));
  }
  timer_->arm(std::min_element(waiting_.begin(), waiting_.end(), [](const auto& a, const auto& b) {
                return a.until < b.until;
              })->until);
}

}  // namespace peerage::cmd

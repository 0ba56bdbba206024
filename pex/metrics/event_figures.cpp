#include "pex/metrics/event_figures.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "p2p/base/peer_reason.h"
#include "pex/exchange/counts.h"

namespace peerage::pex {

using conn::Reason;
using conn::Stage;
using p2p::Direction;

namespace {

template <typename Enum>
constexpr std::size_t index_of(Enum value) {
  return static_cast<std::size_t>(value);
}

// Refused by the switch before anything was dialled.
bool was_dialled(const p2p::DialFailed& event) {
  return event.report.remote.has_value() || event.failure.stage == Stage::resolve;
}

VisitResult result_of(const p2p::DialFailed& event) {
  const auto& info = event.report.upgrade.remote_info;
  if (event.failure.reason == Reason::wrong_network) return VisitResult::wrong_network;
  if (info) {
    return info->network == event.network ? VisitResult::verified : VisitResult::wrong_network;
  }
  const bool reached = event.failure.stage > Stage::connect;
  return reached ? VisitResult::refused : VisitResult::unreachable;
}

}  // namespace

std::string_view name(VisitResult result) noexcept {
  static constexpr std::array<std::string_view, kVisitResultCount> kNames = {
      "verified", "wrong_network", "unreachable", "refused"};
  return kNames[index_of(result)];
}

EventFigures::EventFigures(std::vector<std::string> networks, PurposeOf purpose_of)
    : networks_(std::move(networks)),
      purpose_of_(std::move(purpose_of)),
      visits_(networks_.size()) {}

void EventFigures::on_event(const p2p::SwitchEvent& event) {
  std::visit([this](const auto& each) { on(each); }, event);
}

EventFigures::Visits* EventFigures::visits_of(const std::string& network) {
  const auto found = std::find(networks_.begin(), networks_.end(), network);
  if (found == networks_.end()) return nullptr;
  return &visits_[static_cast<std::size_t>(found - networks_.begin())];
}

void EventFigures::on(const p2p::Dialled& event) {
  if (purpose_of_(event.target, event.purpose, event.network) != DialledFor::visit) return;
  if (Visits* visits = visits_of(event.network)) visits->dialling.add(1);
}

void EventFigures::on(const p2p::DialFailed& event) {
  const DialledFor purpose = purpose_of_(event.target, event.purpose, event.network);
  // One that was banned meanwhile, or to which there is a connection by now, has been begun too.
  Visits* visits = purpose == DialledFor::visit ? visits_of(event.network) : nullptr;
  if (visits != nullptr && visits->dialling > 0 &&
      event.failure.reason != p2p::PeerReason::already_dialling) {
    visits->dialling = visits->dialling - 1;
  }
  if (!was_dialled(event)) return;
  dials_[index_of(purpose)][index_of(DialResult::failed)].add(1);
  failures_[index_of(Direction::outbound)][index_of(event.failure.stage)].add(event.failure.reason);
  note_times(Direction::outbound, event.report);
  if (visits != nullptr) visits->results[index_of(result_of(event))].add(1);
}

void EventFigures::on(const p2p::Refused& event) {
  failures_[index_of(Direction::inbound)][index_of(event.failure.stage)].add(event.failure.reason);
  note_times(Direction::inbound, event.report);
}

void EventFigures::on(const p2p::Connected& event) {
  const p2p::Peer& peer = *event.peer;
  note_times(peer.direction(), event.report);
  if (peer.direction() == Direction::inbound || !peer.dialled()) return;
  const DialledFor purpose = purpose_of_(*peer.dialled(), event.purpose, peer.network());
  dials_[index_of(purpose)][index_of(DialResult::ok)].add(1);
  Visits* visits = purpose == DialledFor::visit ? visits_of(peer.network()) : nullptr;
  if (visits == nullptr) return;
  if (visits->dialling > 0) visits->dialling = visits->dialling - 1;
  visits->results[index_of(VisitResult::verified)].add(1);
}

void EventFigures::on(const p2p::Gone& event) {
  const std::size_t direction = index_of(event.peer->direction());
  disconnects_[direction][index_of(event.ended_by)].add(event.why.reason);
  lifetimes_[direction].observe(event.lasted);
}

void EventFigures::on(const p2p::Banned& event) {
  const BannedBy by = event.ban.origin == p2p::BanOrigin::operator_ ? BannedBy::operator_
                      : event.ban.by == kExchangeName               ? BannedBy::exchange
                                                                    : BannedBy::others;
  bans_[index_of(by)].add(1);
}

void EventFigures::note_times(Direction direction, const p2p::AttemptReport& report) {
  auto& stages = stage_times_[index_of(direction)];
  if (report.connected) stages[0].observe(*report.connected);
  // These count from the start of the upgrade.
  const p2p::UpgradeReport& upgrade = report.upgrade;
  conn::Duration before{};
  std::size_t stage = 1;
  for (const auto& each :
       {upgrade.keys_exchanged, upgrade.authenticated, upgrade.node_info_received}) {
    if (!each) return;
    stages[stage++].observe(*each - before);
    before = *each;
  }
  if (report.admitted) stages[stage].observe(*report.admitted);
}

// --- on any thread ---

std::uint64_t EventFigures::dials(DialledFor purpose, DialResult result) const {
  return dials_[index_of(purpose)][index_of(result)];
}

const EventFigures::ByReason& EventFigures::failures(Direction direction, Stage stage) const {
  return failures_[index_of(direction)][index_of(stage)];
}

const EventFigures::ByReason& EventFigures::disconnects(Direction direction,
                                                        conn::EndedBy ended_by) const {
  return disconnects_[index_of(direction)][index_of(ended_by)];
}

conn::HistogramCounts EventFigures::lifetimes(Direction direction) const {
  return lifetimes_[index_of(direction)].read();
}

conn::HistogramCounts EventFigures::stage_times(Direction direction, std::size_t stage) const {
  return stage_times_[index_of(direction)][stage].read();
}

std::uint64_t EventFigures::bans(BannedBy by) const {
  return bans_[index_of(by)];
}

std::uint64_t EventFigures::visits(std::size_t network, VisitResult result) const {
  return visits_[network].results[index_of(result)];
}

std::uint64_t EventFigures::visits_dialling(std::size_t network) const {
  return visits_[network].dialling;
}

}  // namespace peerage::pex

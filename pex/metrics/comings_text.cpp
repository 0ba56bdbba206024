#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "p2p/base/peer_reason.h"
#include "pex/metrics/families.h"

namespace peerage::pex {
namespace {

using conn::Reason;
using p2p::Counter;
using p2p::Direction;
using p2p::PeerReason;
using Type = MetricType;

constexpr std::array kDirections = {Direction::inbound, Direction::outbound};

std::string_view name_of(Direction direction) {
  return direction == Direction::inbound ? "inbound" : "outbound";
}

// The same order in every scrape.
std::map<Reason, std::uint64_t> by_name(const EventFigures::ByReason& counts) {
  std::map<Reason, std::uint64_t> sorted;
  counts.for_each([&sorted](Reason reason, std::uint64_t count) { sorted[reason] = count; });
  return sorted;
}

void write_dials(TextWriter& writer, const EventFigures& events) {
  using Result = EventFigures::DialResult;
  writer.family("peerage_dials_total", Type::counter, "Dials that have ended.");
  for (std::size_t i = 0; i < kDialledForCount; ++i) {
    const auto purpose = static_cast<DialledFor>(i);
    writer.value({{"purpose", name(purpose)}, {"result", "ok"}}, events.dials(purpose, Result::ok));
    writer.value({{"purpose", name(purpose)}, {"result", "failed"}},
                 events.dials(purpose, Result::failed));
  }
}

// A reason has its series when it has been seen.
void write_failures(TextWriter& writer, const EventFigures& events) {
  writer.family("peerage_failures_total", Type::counter, "Attempts to connect that have failed.");
  for (const Direction direction : kDirections) {
    for (std::size_t stage = 0; stage < conn::kStageCount; ++stage) {
      const auto at = static_cast<conn::Stage>(stage);
      for (const auto& [why, failures] : by_name(events.failures(direction, at))) {
        writer.value({{"direction", name_of(direction)},
                      {"stage", conn::name(at)},
                      {"reason", conn::name(why)}},
                     failures);
      }
    }
  }
}

void write_disconnects(TextWriter& writer, const EventFigures& events) {
  writer.family("peerage_disconnects_total", Type::counter, "Peers that are gone.");
  for (const Direction direction : kDirections) {
    for (const auto ended_by : {conn::EndedBy::us, conn::EndedBy::others}) {
      for (const auto& [why, gone] : by_name(events.disconnects(direction, ended_by))) {
        writer.value({{"direction", name_of(direction)},
                      {"ended_by", ended_by == conn::EndedBy::us ? "us" : "others"},
                      {"reason", conn::name(why)}},
                     gone);
      }
    }
  }
}

// Why sockets were refused, under names of their own; several reasons may have one.
struct AcceptReason {
  std::string_view name;
  std::array<Reason, 3> reasons;  // the last repeated
};
const std::array<AcceptReason, 6> kAcceptReasons = {{
    {"banned", {PeerReason::banned, PeerReason::banned, PeerReason::banned}},
    {"rate",
     {PeerReason::connection_rate_exceeded, PeerReason::authentication_failed_lately,
      PeerReason::probe_rate_exceeded}},
    {"half_open", {PeerReason::too_many_handshakes, PeerReason::displaced, PeerReason::displaced}},
    {"group",
     {PeerReason::too_many_from_address, PeerReason::too_many_from_address,
      PeerReason::too_many_from_address}},
    {"slots", {PeerReason::no_free_slot, PeerReason::no_free_slot, PeerReason::no_free_slot}},
    {"descriptors",
     {Reason::out_of_descriptors, Reason::out_of_descriptors, Reason::out_of_descriptors}},
}};

void write_accepts(TextWriter& writer, const p2p::Counters& counters) {
  writer.family("peerage_accepted_total", Type::counter, "Sockets that others have opened to us.");
  writer.value({}, counters.get(Counter::accepted));
  writer.family("peerage_refused_at_accept_total", Type::counter,
                "Of those accepted, sockets that were closed before anything was spent on them.");
  for (const AcceptReason& each : kAcceptReasons) {
    std::uint64_t refused = 0;
    for (const Reason reason : std::set<Reason>(each.reasons.begin(), each.reasons.end())) {
      refused += counters.refused_at_accept(reason);
    }
    writer.value({{"reason", each.name}}, refused);
  }
  writer.family("peerage_probes_total", Type::counter,
                "Of those accepted, sockets that others closed before they had sent a byte.");
  writer.value({}, counters.get(Counter::probes));
  writer.family("peerage_refused_total", Type::counter,
                "Inbound connections that were refused or failed before they were peers.");
  std::map<Reason, std::uint64_t> refusals;
  counters.for_each_refusal(
      [&refusals](Reason reason, std::uint64_t count) { refusals[reason] = count; });
  for (const auto& [why, count] : refusals) writer.value({{"reason", conn::name(why)}}, count);
}

void write_bans(TextWriter& writer, const ComingsView& view) {
  writer.family("peerage_evictions_total", Type::counter,
                "Peers that had to make room for others.");
  writer.value({}, view.counters.get(Counter::evicted));
  writer.family("peerage_bans_total", Type::counter,
                "Bans that have come into force; imported: with the book's file.");
  using By = EventFigures::BannedBy;
  writer.value({{"reason", "operator"}}, view.events.bans(By::operator_));
  writer.value({{"reason", "pex"}}, view.events.bans(By::exchange));
  writer.value({{"reason", "misbehaved"}}, view.events.bans(By::others));
  writer.value({{"reason", "imported"}}, view.control.bans_of_file);
  writer.family("peerage_bans", Type::gauge, "Bans that are in force.");
  writer.value({{"kind", "id"}}, view.control.banned_ids);
  writer.value({{"kind", "ip"}}, view.control.banned_ips);
  writer.value({{"kind", "network"}}, view.control.banned_networks);
}

}  // namespace

void write_comings(TextWriter& writer, const ComingsView& view) {
  write_dials(writer, view.events);
  writer.family("peerage_dials_in_flight", Type::gauge, "Dials that are under way.");
  writer.value({}, std::uint64_t{view.snapshot.dialling});
  write_failures(writer, view.events);
  write_accepts(writer, view.counters);
  writer.family("peerage_handshakes_in_flight", Type::gauge,
                "Handshakes that are under way; dials count from their beginning.");
  writer.value({{"direction", "inbound"}}, std::uint64_t{view.snapshot.handshakes});
  writer.value({{"direction", "outbound"}}, std::uint64_t{view.snapshot.dialling});
  writer.family("peerage_handshake_stage_seconds", Type::histogram,
                "How long each stage of becoming a peer took, where it was completed.");
  for (const Direction direction : kDirections) {
    for (std::size_t stage = 0; stage < kTimedStages.size(); ++stage) {
      writer.histogram(
          {{"direction", name_of(direction)}, {"stage", conn::name(kTimedStages[stage])}},
          view.events.stage_times(direction, stage));
    }
  }
  write_disconnects(writer, view.events);
  writer.family("peerage_connection_lifetime_seconds", Type::histogram,
                "How long peers that are gone were connected.");
  for (const Direction direction : kDirections) {
    writer.histogram({{"direction", name_of(direction)}}, view.events.lifetimes(direction));
  }
  write_bans(writer, view);
  writer.family("peerage_round_trip_seconds", Type::histogram, "From a ping to its pong.");
  writer.histogram({}, view.round_trips);
}

}  // namespace peerage::pex

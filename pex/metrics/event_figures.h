// What a switch's events add up to: dials, handshakes, refusals, connections that ended, bans,
// visits.
//
// Attempts and connections are told apart: one that came to nothing is a failure, one that became a
// peer is a disconnect when it ends. A wish to dial that the switch refused at once (the node is
// connected, its address rests, there is no slot) is neither: nothing was dialled.
//
// Bounded: reasons and networks are few and known; nothing that a stranger says has a cell of its
// own.
//
// Threads: `on_event` on the control shard; the rest on any.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "conn/base/histogram.h"
#include "conn/base/relaxed.h"
#include "p2p/base/limits.h"
#include "p2p/base/reason_counts.h"
#include "p2p/peer/switch_events.h"
#include "pex/metrics/dial_purpose.h"

namespace peerage::pex {

// What came of a seed's visit.
enum class VisitResult : std::uint8_t {
  verified,       // it proved its ID, and its NodeInfo named the network
  wrong_network,  // another network
  unreachable,    // there was no connection
  refused,        // it closed or broke the handshake before it had said enough
};
inline constexpr std::size_t kVisitResultCount = 4;
std::string_view name(VisitResult result) noexcept;

// The stages of a handshake that take time.
inline constexpr std::array<conn::Stage, 5> kTimedStages = {
    conn::Stage::connect, conn::Stage::key_exchange, conn::Stage::authentication,
    conn::Stage::node_info, conn::Stage::admission};

using namespace std::chrono_literals;
inline constexpr auto kLifetimeBounds = conn::time_bounds(1s, 10s, 1min, 10min, 1h, 6h, 24h);

class EventFigures {
 public:
  using Figure = conn::Relaxed<std::uint64_t>;
  template <typename T>
  using ByDirection = std::array<T, 2>;

  using PurposeOf = std::function<DialledFor(const conn::HostAddress& target,
                                             p2p::DialPurpose purpose, const std::string& network)>;
  EventFigures(std::vector<std::string> networks, PurposeOf purpose_of);

  void on_event(const p2p::SwitchEvent& event);

  enum class DialResult : std::uint8_t { failed, ok };
  std::uint64_t dials(DialledFor purpose, DialResult result) const;
  // More places than any stage has reasons.
  using ByReason = p2p::ReasonCounts<64>;
  const ByReason& failures(p2p::Direction direction, conn::Stage stage) const;
  const ByReason& disconnects(p2p::Direction direction, conn::EndedBy ended_by) const;
  conn::HistogramCounts lifetimes(p2p::Direction direction) const;
  // Of kTimedStages.
  conn::HistogramCounts stage_times(p2p::Direction direction, std::size_t stage) const;
  // Who made a ban: an operator; peer exchange, for what came over it; anything else.
  enum class BannedBy : std::uint8_t { operator_, exchange, others };
  std::uint64_t bans(BannedBy by) const;
  std::uint64_t visits(std::size_t network, VisitResult result) const;
  // Visits that are being dialled, by network.
  std::uint64_t visits_dialling(std::size_t network) const;

 private:
  struct StageTime : conn::Histogram {
    StageTime() : Histogram(p2p::kRoundTripBounds) {}
  };
  struct Lifetime : conn::Histogram {
    Lifetime() : Histogram(kLifetimeBounds) {}
  };
  struct Visits {
    std::array<Figure, kVisitResultCount> results;
    Figure dialling;
  };
  // Null for a network that is not ours.
  Visits* visits_of(const std::string& network);
  void on(const p2p::Dialled& event);
  void on(const p2p::DialFailed& event);
  void on(const p2p::Refused& event);
  void on(const p2p::Connected& event);
  void on(const p2p::Gone& event);
  void on(const p2p::Banned& event);
  template <typename Event>
  void on(const Event&) {}
  void note_times(p2p::Direction direction, const p2p::AttemptReport& report);

  const std::vector<std::string> networks_;
  const PurposeOf purpose_of_;
  std::array<std::array<Figure, 2>, kDialledForCount> dials_;
  ByDirection<std::array<ByReason, conn::kStageCount>> failures_;
  ByDirection<std::array<ByReason, 2>> disconnects_;
  ByDirection<Lifetime> lifetimes_;
  ByDirection<std::array<StageTime, kTimedStages.size()>> stage_times_;
  std::array<Figure, 3> bans_;  // by BannedBy
  std::vector<Visits> visits_;  // in the order of the networks
};

}  // namespace peerage::pex

// Tells what came of dials, for answers that wait for it.
//
// A wish for a node that is being dialled already waits for that dial, whichever of the node's
// addresses it goes to; one of two dials that met waits for the connection that stays.
//
// Bounded: kMostWaiting. Threads: the control shard; made on any.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "conn/runtime/runtime.h"
#include "p2p/switch.h"

namespace peerage::cmd {

class DialWatch : public std::enable_shared_from_this<DialWatch> {
 public:
  static constexpr std::size_t kMostWaiting = 256;

  struct Outcome {
    enum class Kind : std::uint8_t { connected, failed, too_late } kind = Kind::too_late;
    std::optional<conn::Failure> failure{};  // when it failed
    conn::Duration took{};
  };
  using Told = std::function<void(const Outcome&)>;

  // Both outlive it.
  DialWatch(p2p::Switch& node, conn::Shard& control) : switch_(node), control_(control) {}

  // Dials, unless the node is connected, and tells within this time. False: too many wait.
  bool dial(const conn::HostAddress& target, conn::Duration within, Told told);

  void on_event(const p2p::SwitchEvent& event);

 private:
  struct Waiting {
    conn::HostAddress target;
    conn::TimePoint begun;
    conn::TimePoint until;
    Told told;
    bool joined = false;  // waits for a dial, or a connection, that others have begun
  };
  std::optional<Outcome> outcome_of(Waiting& waiting, const p2p::DialFailed& failed) const;
  void tell(const std::function<std::optional<Outcome>(Waiting&)>& outcome_of);
  void arm();

  p2p::Switch& switch_;
  conn::Shard& control_;
  std::vector<Waiting> waiting_;
  std::shared_ptr<conn::Timer> timer_;
};

}  // namespace peerage::cmd

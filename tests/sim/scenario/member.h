// One of a scenario's nodes, of any kind: what every kind can do, and the tally of what it did.
//
// Threads: none of its own. The host outlives it.
#pragma once

#include <deque>
#include <functional>
#include <vector>

#include "p2p/switch.h"
#include "tests/sim/sim_world.h"

namespace peerage::sim {

class Member {
 public:
  static constexpr std::uint16_t kPort = 26656;
  // The reason of a ban that a scenario asks for, and that is not counted.
  static constexpr const char* kOperatorsBan = "the operator's wish";

  enum class Kind : std::uint8_t { node, seed, go_node, go_seed };
  enum class State : std::uint8_t { down, starting, running, stopping };
  enum class Disk : std::uint8_t { kept, lost };

  Member(SimHost& host, Kind kind) : host_(host), kind_(kind) {}
  virtual ~Member() = default;
  Member(const Member&) = delete;
  Member& operator=(const Member&) = delete;

  // From `down`.
  virtual void start() = 0;
  // Cleanly; `down` some time after.
  virtual void stop() = 0;
  // At once, from any state: all that ran is gone, and its connections break.
  virtual void crash(Disk disk) = 0;

  State state() const noexcept { return state_; }
  bool is_running() const noexcept { return state_ == State::running; }
  Kind kind() const noexcept { return kind_; }
  bool is_seed() const noexcept { return kind_ == Kind::seed || kind_ == Kind::go_seed; }
  TimePoint started_at() const noexcept { return started_at_; }
  SimHost& host() const { return host_; }
  const IpAddress& ip() const { return host_.address(); }
  virtual const conn::NodeId& id() const = 0;
  conn::HostAddress address() const { return {id(), ip().to_string(), kPort}; }

  // While it is running:
  virtual p2p::Switch& node() = 0;
  virtual std::size_t known_addresses() = 0;
  std::vector<p2p::PeerPtr> peers() { return node().peers(); }
  std::size_t outbound() { return node().snapshot()->outbound; }

  struct Tally {
    std::size_t dials = 0;
    std::size_t most_dials_in_a_second = 0;
    std::size_t refused = 0;  // that dialled it
    std::size_t bans = 0;
    std::size_t dropped_for_abuse = 0;
  };
  const Tally& tally() const noexcept { return tally_; }
  // Besides the tally.
  std::function<void(const p2p::SwitchEvent&)> on_event;

 protected:
  void note(const p2p::SwitchEvent& event);

  SimHost& host_;
  const Kind kind_;
  State state_ = State::down;
  TimePoint started_at_;

 private:
  Tally tally_;
  std::deque<TimePoint> dialled_;  // within the last second
};

}  // namespace peerage::sim

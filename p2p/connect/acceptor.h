// The accepting side: a listener, the handshakes of strangers that are under way, and the order in
// which they begin. It asks Admission's first gate, and hands over proven nodes.
//
// Threads: the control shard.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>

#include "p2p/admission/admission.h"
#include "p2p/base/counters.h"
#include "p2p/connect/transport.h"

namespace peerage::p2p {

class Acceptor {
 public:
  struct Events {
    std::function<void(Proven, const AttemptReport&)> proven;
    std::function<void(const conn::Endpoint&, const AttemptReport&, const conn::Failure&)> refused;
    // Before anything was spent on it.
    std::function<void(const conn::Endpoint&, const conn::Failure&)> refused_on_arrival;
    // A handshake of this address is over, however it ended (after `proven`).
    std::function<void(const conn::IpAddress&)> left;
  };
  using Introduce = std::function<std::shared_ptr<const Introduction>()>;
  using ChooseShard = std::function<std::size_t()>;

  Acceptor(conn::Runtime& runtime, Transport& transport, Admission& admission, Counters& counters,
           conn::Duration handshake_timeout, Introduce introduce, ChooseShard choose_shard,
           Events events);

  conn::Result<conn::Endpoint> listen(const conn::Endpoint& at);
  // Stops listening, and ends all handshakes.
  void close();

 private:
  using Ticket = HalfOpenPool::Ticket;
  struct Handshake {
    conn::Endpoint remote;
    conn::TimePoint deadline;
    std::unique_ptr<conn::Arrival> arrival;  // until it begins
    std::unique_ptr<conn::Pending> running;  // from then on
  };
  void on_arrival(std::unique_ptr<conn::Arrival> arrival);
  void begin_waiting();
  void begin(Ticket ticket, Handshake& handshake);
  void on_done(Ticket ticket, conn::Result<Proven> outcome, const AttemptReport& report);
  // Ends a handshake that is displaced or has waited too long.
  void drop(Ticket ticket, conn::Reason why);

  conn::Runtime& runtime_;
  conn::Shard& control_;
  Transport& transport_;
  Admission& admission_;
  Counters& counters_;
  conn::Duration handshake_timeout_;
  Introduce introduce_;
  ChooseShard choose_shard_;
  Events events_;
  std::map<Ticket, Handshake> handshakes_;
  std::deque<Ticket> waiting_;  // for the budget of cryptography; those of named nodes first
  std::unique_ptr<conn::Timer> begin_timer_;
  std::unique_ptr<conn::Listener> listener_;
};

}  // namespace peerage::p2p

// The accepting side: a listener, the handshakes of strangers that are under way, and the order in
// which they begin. It asks Admission's first gate, hands over proven nodes, and tells probes,
// which end without a byte, from what failed.
//
// Threads: the control shard.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>

#include "p2p/admission/admission.h"
#include "p2p/base/counters.h"
#include "p2p/base/draining.h"
#include "p2p/connect/transport.h"

namespace peerage::p2p {

class Acceptor {
 public:
  class Observer {
   public:
    // Before anything was spent on it.
    virtual void on_refused_on_arrival(const conn::Endpoint& remote, const conn::Failure& why) = 0;
    // One of these for each that was let in, and after any the last; none of them for those that
    // are ended by close(). (The one above may come instead for one that had only been heard out.)
    virtual void on_handshake_proven(Proven node, const AttemptReport& report) = 0;
    virtual void on_handshake_failed(const conn::Endpoint& remote, const AttemptReport& report,
                                     const conn::Failure& why) = 0;
    // The other side closed it, or reset it, before it had sent a byte. By itself for one that had
    // ended before it was let in.
    virtual void on_probe(const conn::Endpoint& remote) = 0;
    virtual void on_handshake_over(const conn::IpAddress& ip) = 0;

   protected:
    ~Observer() = default;
  };
  using Introduce = std::function<std::shared_ptr<const Introduction>()>;
  using ChooseShard = std::function<std::size_t()>;

  Acceptor(conn::Runtime& runtime, Transport& transport, Admission& admission, Counters& counters,
           conn::Duration handshake_timeout, Introduce introduce, ChooseShard choose_shard,
           Observer& observer);

  conn::Result<conn::Endpoint> listen(const conn::Endpoint& at);
  // While it drains, arrivals are refused; handshakes under way go on.
  void drain(Draining draining) noexcept { draining_ = draining; }
  // Stops listening, and ends all handshakes.
  void close();

 private:
  using Ticket = HalfOpenPool::Ticket;
  struct Handshake {
    conn::Endpoint remote;
    conn::TimePoint deadline;
    conn::TimePoint arrived;
    Admission::Handshake entered;
    std::unique_ptr<conn::Arrival> arrival;  // until it begins
    std::unique_ptr<conn::Pending> running;  // from then on
  };
  void on_arrival(std::unique_ptr<conn::Arrival> arrival);
  void on_spent(const conn::Endpoint& remote, conn::Reason why);
  void refuse(const conn::Endpoint& remote, const conn::Failure& why);
  void count_probe(const conn::Endpoint& remote);
  void hear_out(std::unique_ptr<conn::Arrival> arrival, const Admission::Handshake& entered,
                conn::Failure refusal);
  void begin_waiting();
  void begin(Ticket ticket, Handshake& handshake);
  void on_done(Ticket ticket, conn::Result<Proven> outcome, const AttemptReport& report);
  void on_failed(const Handshake& handshake, const AttemptReport& report, const conn::Failure& why);
  // It is over: it is no longer among them.
  Handshake take(std::map<Ticket, Handshake>::iterator found);
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
  Observer& observer_;
  std::map<Ticket, Handshake> handshakes_;
  std::deque<Ticket> waiting_;  // for the budget of cryptography; those of named nodes first
  std::unique_ptr<conn::Timer> begin_timer_;
  std::unique_ptr<conn::Listener> listener_;
  Draining draining_ = Draining::no;
};

}  // namespace peerage::p2p

// The dialling side: carries out what the Dialer orders, and reports the outcome to it and to the
// others.
//
// Threads: the control shard.
#pragma once

#include <functional>
#include <map>
#include <memory>

#include "p2p/admission/admission.h"
#include "p2p/base/counters.h"
#include "p2p/base/draining.h"
#include "p2p/connect/transport.h"
#include "p2p/dial/dialer.h"

namespace peerage::p2p {

class DialRunner {
 public:
  class Observer {
   public:
    // Then one of the other two, unless all dials are ended before.
    virtual void on_dial_began(const DialOrder& order) = 0;
    virtual void on_dial_proven(const DialOrder& order, Proven node,
                                const AttemptReport& report) = 0;
    virtual void on_dial_failed(const DialOrder& order, const AttemptReport& report,
                                const conn::Failure& why) = 0;

   protected:
    ~Observer() = default;
  };
  using Introduce = std::function<std::shared_ptr<const Introduction>()>;
  using ChooseShard = std::function<std::size_t()>;

  DialRunner(conn::Runtime& runtime, Transport& transport, Dialer& dialer,
             const Admission& admission, Counters& counters, Introduce introduce,
             ChooseShard choose_shard, Observer& observer);

  // Dials begin from now on: none does before.
  void open();
  // Begins what is due, and sees to it that it is called again in time. To be called whenever the
  // dialer's state has changed.
  void wake();
  // While it drains, none begins; those under way go on.
  void drain(Draining draining);
  // Ends all dials; none begins any more.
  void close();

 private:
  void begin(const DialOrder& order);
  void on_done(const DialOrder& order, conn::Result<Proven> outcome, const AttemptReport& report);

  conn::Shard& control_;
  Transport& transport_;
  Dialer& dialer_;
  const Admission& admission_;
  Counters& counters_;
  Introduce introduce_;
  ChooseShard choose_shard_;
  Observer& observer_;
  std::map<conn::NodeId, std::unique_ptr<conn::Pending>> running_;
  std::unique_ptr<conn::Timer> timer_;
  bool open_ = false;
  Draining draining_ = Draining::no;
};

}  // namespace peerage::p2p

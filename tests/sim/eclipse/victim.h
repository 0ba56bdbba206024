// The node under attack, as a trial sees it: a real one, of any kind.
//
// Threads: the world's one.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "addrbook/record/known_address.h"
#include "conn/address/net_address.h"
#include "conn/runtime/runtime.h"

namespace peerage::sim::eclipse {

class Victim {
 public:
  virtual ~Victim() = default;

  virtual void start() = 0;
  // Ends orderly; `stopped` holds some events later.
  virtual void stop() = 0;
  virtual bool stopped() const = 0;
  // After the stop: the same node again, with its book from the disk. To be started.
  virtual void make_anew() = 0;

  virtual conn::NetAddress address() const = 0;

  // Peers that it has dialled to keep: neither feelers nor seeds.
  struct Outbound {
    conn::NetAddress address;
    conn::TimePoint since;
  };
  virtual std::vector<Outbound> outbound() const = 0;
  virtual std::size_t outbound_slots() const = 0;
  virtual std::vector<conn::IpAddress> inbound() const = 0;
  // What is in the book.
  using Visit = std::function<void(const conn::NetAddress&, addrbook::Kind)>;
  virtual void for_each_known(const Visit& visit) const = 0;
  virtual bool knows(const conn::NetAddress& address) const = 0;
  // Begun so far, of any kind.
  virtual std::uint64_t dials() const = 0;

  // Called when an outbound peer has come or gone.
  std::function<void()> on_change;
};

}  // namespace peerage::sim::eclipse

// What becomes of the named addresses: it hears of the dials, and has the log
// say which of them do not answer, and which answer again (p2p/dial/outages.h says when).
//
// Threads: the control shard.
#pragma once

#include <memory>

#include "conn/runtime/runtime.h"
#include "p2p/dial/named_addresses.h"
#include "p2p/dial/outages.h"
#include "p2p/switch_log.h"

namespace peerage::p2p {

class NamedWatch {
 public:
  // Both outlive it.
  NamedWatch(conn::Shard& control, const SwitchLog& log) : control_(control), log_(log) {}

  const NamedAddresses& addresses() const noexcept { return addresses_; }
  bool add(NamedAddresses::List list, const conn::HostAddress& address) {
    return addresses_.add(list, address);
  }
  bool remove(NamedAddresses::List list, const conn::HostAddress& address);

  // A dial failed, or was refused. Those that nobody has named, and refusals that say nothing of
  // the address, are of no interest.
  void on_dial_failed(const conn::HostAddress& target, const conn::Failure& why);
  void on_connected(const Peer& peer);
  // Nothing is told any more.
  void close();

 private:
  void tell();
  void arm();

  conn::Shard& control_;
  const SwitchLog& log_;
  NamedAddresses addresses_;
  Outages outages_;
  std::unique_ptr<conn::Timer> timer_;
  bool closed_ = false;
};

}  // namespace peerage::p2p

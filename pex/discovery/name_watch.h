// What discovery must look up outside: boot nodes that are named by host, and our own address where
// it is that of a name or of an interface.
//
// Boot nodes are looked up at the start and whenever the core has nobody else to ask; our own
// address at the start and each kLookAgain.
// Threads: the control shard.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "conn/runtime/interface_addresses.h"
#include "conn/runtime/runtime.h"
#include "pex/discovery/contact.h"
#include "pex/discovery/external_ip.h"
#include "pex/discovery/record/enode_url.h"
#include "pex/discovery/record/local_record.h"

namespace peerage::pex {

class NameWatch {
 public:
  static constexpr conn::Duration kLookAgain = std::chrono::minutes(5);
  static constexpr conn::Duration kLookupTimeout = std::chrono::seconds(10);
  static constexpr std::size_t kMaxNames = 64;  // of boot nodes; further ones are left out

  struct Settings {
    ExternalIpSource external_ip;
    std::vector<EnodeUrl> boot_nodes;
    conn::InterfaceAddresses interfaces;
    // Families of our socket.
    std::vector<IpFamily> families;
  };
  struct Listener {
    std::function<void(const Contact&)> on_boot_node;
    // Nothing: of this family there is none any more.
    std::function<void(IpFamily, std::optional<conn::IpAddress>)> on_own_ip;
  };
  NameWatch(conn::Runtime& runtime, conn::Shard& shard, Settings settings, Listener listener);

  void look_up_boot_nodes();
  // Of our own address; max: never again.
  conn::TimePoint next_deadline() const noexcept { return next_look_; }
  void on_time(conn::TimePoint now);
  void stop();

 private:
  bool reaches(const conn::IpAddress& ip) const;
  void on_own_addresses(const std::vector<conn::IpAddress>& addresses);
  void look_at_interfaces();

  conn::Runtime& runtime_;
  conn::Shard& shard_;
  Settings settings_;
  Listener listener_;
  conn::TimePoint next_look_;
  std::vector<std::unique_ptr<conn::Pending>> boot_lookups_;
  std::unique_ptr<conn::Pending> own_lookup_;
};

}  // namespace peerage::pex

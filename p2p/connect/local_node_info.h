// What we say of ourselves: the NodeInfo, with the address at which others reach us.
//
// `external_address` may name a host: we resolve it, and advertise the literal; a name would be
// useless to others (no node should resolve what a peer says). It is looked up again every
// kRefresh, and until it is known the listen address stands in.
//
// Threads: the control shard; what current() returns is immutable.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "p2p/base/switch_config.h"
#include "p2p/connect/transport.h"

namespace peerage::p2p {

// What we say of ourselves until we know better where we listen.
NodeInfo own_node_info(const SwitchConfig& config, const conn::NodeId& own,
                       std::vector<conn::ChannelId> channels);

class LocalNodeInfo {
 public:
  static constexpr conn::Duration kRefresh = std::chrono::minutes(10);
  static constexpr conn::Duration kRetry = std::chrono::seconds(30);
  using OnFailure = std::function<void(const conn::Failure&)>;

  LocalNodeInfo(conn::Runtime& runtime, const conn::NodeId& own, const SwitchConfig& config,
                std::vector<conn::ChannelId> channels, OnFailure lookup_failed);

  // We listen here; begins to look our name up.
  void start(const conn::Endpoint& listening);
  void close();

  std::shared_ptr<const Introduction> current() const { return current_; }
  // Whether this is an address of ours.
  bool is_own(const conn::Endpoint& endpoint) const;

 private:
  void look_up();
  void on_looked_up(const conn::Result<std::vector<conn::IpAddress>>& addresses);
  void advertise_external(const conn::IpAddress& ip);
  void advertise(const std::string& listen_addr);

  conn::Runtime& runtime_;
  conn::Shard& control_;
  std::optional<conn::HostPort> external_;  // none: others find us where we listen
  OnFailure lookup_failed_;
  std::shared_ptr<const Introduction> current_;
  conn::Endpoint listening_;
  std::optional<conn::Endpoint> advertised_;
  std::unique_ptr<conn::Pending> lookup_;
  std::unique_ptr<conn::Timer> timer_;
};

}  // namespace peerage::p2p

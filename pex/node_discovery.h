// Discovery within a node: the server, what feeds the books with its finds, and what it keeps in
// the books' file; started when the switch listens, because a record tells where that is, and
// stopped first.
//
// Threads: the control shard.
#pragma once

#include <memory>

#include "p2p/switch.h"
#include "pex/books/discovery_feed.h"
#include "pex/discovery/server.h"
#include "pex/discovery_config.h"
#include "pex/metrics/control_figures.h"

namespace peerage::pex {

class NodeDiscovery : public std::enable_shared_from_this<NodeDiscovery> {
 public:
  struct World {
    conn::Runtime& runtime;
    p2p::Switch& connections;
    std::shared_ptr<NetworkBooks> books;
    std::uint16_t external_port = 0;  // where others reach the switch, if that is set
    std::vector<conn::Cidr> exempt;
  };
  // invalid_argument: a setting that makes no sense. Nothing is opened or read yet.
  static conn::Result<std::shared_ptr<NodeDiscovery>> create(DiscoveryConfig config, World world);
  ~NodeDiscovery();

  // The books are open, and the switch listens. Failures: of the key file, of the socket.
  conn::Result<void> start();
  // Once or more; also of one that did not start.
  void stop();
  void on_event(const p2p::SwitchEvent& event);

  // Null while it does not run.
  DiscoveryServer* server() noexcept { return server_.get(); }
  DiscoveryFigures figures() const;

 private:
  NodeDiscovery(DiscoveryConfig config, World world, DiscoveryServer::Settings settings);

  conn::Result<conn::Endpoint> endpoint() const;
  void begin_feed();
  void on_time();
  void arm();
  void tell_need();

  const DiscoveryConfig config_;
  const World world_;
  conn::Shard& control_;
  DiscoveryServer::Settings settings_;
  std::unique_ptr<DiscoveryServer> server_;
  std::unique_ptr<DiscoveryFeed> feed_;
  std::shared_ptr<UpdateSubscription> subscription_;
  std::unique_ptr<conn::Timer> timer_;
};

}  // namespace peerage::pex

// The discovery server: the core on a socket, with one timer.
//
// It lives on the control shard. It reads datagrams in batches, gives them to the core, sends what
// the core has to send, keeps the core's deadline on one timer, hands updates to subscribers, and
// has the core's rows and sequence stored. What it does on top of that is what needs the world:
// names of boot nodes, and our own address where it is a name's or an interface's.
//
// One turn: what waits for others is handed out; up to a batch of datagrams; the timers that are
// due; what is to be sent. An error of the socket never ends it.
//
// Start: rows are loaded, the socket is bound, the record's first sequence is stored, then the core
// begins. Stop: nothing is asked any more, whoever waits is told, rows are stored, the socket is
// closed; at once, safe twice, at any moment and from a callback.
//
// Threads: the control shard, but for `post` and `snapshot`.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "conn/base/log.h"
#include "conn/runtime/interface_addresses.h"
#include "conn/runtime/peer_log.h"
#include "conn/runtime/runtime.h"
#include "pex/discovery/core.h"
#include "pex/discovery/external_ip.h"
#include "pex/discovery/record/enode_url.h"

namespace peerage::pex {

// What others may know of it at any time.
struct DiscoverySnapshot {
  conn::Endpoint local;
  EnodeId id;
  EnrPtr record;
  std::optional<conn::Endpoint> external_v4, external_v6;
  DiscoveryCounters counters;
  NodeTable::Counts table;
  std::size_t lookups = 0;
  std::size_t rows = 0;
  conn::DatagramFigures socket;
};

class DiscoveryServer {
 public:
  struct Settings {
    // `bound`, `reach_*`, `external_ip` and `stored` are filled in here.
    DiscoverySettings core;
    conn::Endpoint listen;
    ExternalIpSource external_ip;
    std::vector<EnodeUrl> named_boot_nodes;  // those whose host is a name
  };
  struct World {
    conn::Runtime& runtime;
    conn::Shard& shard;                  // the control shard
    std::shared_ptr<conn::LogSink> log;  // may be null
    std::shared_ptr<NodeRows> rows;      // null: nothing is kept
    conn::InterfaceAddresses interfaces = conn::system_interface_addresses;
  };

  // Bound and begun, or why not: the socket's reason.
  static conn::Result<std::unique_ptr<DiscoveryServer>> start(conn::Secp256k1Key key,
                                                              Settings settings, World world);
  ~DiscoveryServer();

  void stop();

  // --- commands ---

  // Runs later, on the control shard, before the next turn. Any thread. False: too many wait, or it
  // has stopped; then it will not run.
  using Command = std::function<void(DiscoveryCore&, DiscoveryTime)>;
  bool post(Command command);
  // At once. The control shard, and not from within a command.
  void run(const Command& command);

  // --- updates ---

  class Subscription {
   public:
    virtual ~Subscription() = default;       // on its shard: nothing comes any more
    virtual std::uint64_t lost() const = 0;  // updates that found too many waiting
  };
  // `on_updates` runs on `shard`.
  using OnUpdates = std::function<void(const std::vector<Update>&)>;
  std::unique_ptr<Subscription> subscribe(conn::Shard& shard, OnUpdates on_updates);

  // Any thread. Not older than a second while it runs.
  std::shared_ptr<const DiscoverySnapshot> snapshot() const;
  const conn::Endpoint& local_endpoint() const noexcept;

 private:
  struct Shell;
  explicit DiscoveryServer(std::shared_ptr<Shell> shell);
  std::shared_ptr<Shell> shell_;
};

}  // namespace peerage::pex

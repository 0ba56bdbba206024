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
// closed; at once, safe twice, at any moment and from a callback. Callbacks of commands and of
// subscribers are tasks of their own, and never run inside a call.
//
// Threads: the control shard, but for `post` and `snapshot`.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "conn/base/log.h"
#include "conn/runtime/interface_addresses.h"
#include "conn/runtime/runtime.h"
#include "pex/discovery/core.h"
#include "pex/discovery/external_ip.h"
#include "pex/discovery/record/enode_url.h"
#include "pex/discovery/update_subscribers.h"

namespace peerage::pex {

// What others may know of it at any time.
struct DiscoverySnapshot {
  conn::Endpoint local;
  EnodeId id;
  EnrPtr record;
  std::optional<conn::Endpoint> external_v4, external_v6;
  DiscoveryCounters counters;
  NodeTable::Counts table;
  std::size_t lookups = 0;  // under way
  std::array<conn::HistogramCounts, kProtocolCount> lookup_times;
  conn::DatagramFigures socket;
};

class DiscoveryServer {
 public:
  class Shell;  // its inside: server_shell.h

  static constexpr conn::Duration kRowsInterval = std::chrono::seconds(30);
  static constexpr conn::Duration kSnapshotInterval = std::chrono::seconds(1);
  static constexpr conn::Duration kStoreAgain = std::chrono::seconds(10);
  static constexpr conn::Duration kClockWarning = std::chrono::minutes(10);  // at most one in it

  struct Settings {
    // Its `bound`, `reach_*`, `external_ip`, `known_ip` and `stored` are filled in here.
    DiscoverySettings core;
    conn::Endpoint listen;
    ExternalIpSource external_ip;
    std::vector<EnodeUrl> named_boot_nodes;  // those whose host is a name
  };
  struct World {
    conn::Runtime& runtime;
    conn::Shard& shard;                       // the control shard
    std::shared_ptr<conn::LogSink> log = {};  // null: nothing is logged
    std::shared_ptr<NodeRows> rows = {};      // null: nothing is kept
    conn::InterfaceAddresses interfaces = conn::system_interface_addresses;
  };

  // Bound, or the socket's reason why not. The control shard.
  static conn::Result<std::unique_ptr<DiscoveryServer>> start(conn::Secp256k1Key key,
                                                              Settings settings, World world);
  ~DiscoveryServer();
  DiscoveryServer(const DiscoveryServer&) = delete;
  DiscoveryServer& operator=(const DiscoveryServer&) = delete;

  void stop();

  // --- commands ---

  // Runs later, on the control shard. Any thread. False: too many wait, or it has stopped; then it
  // will not run.
  using Command = std::function<void(DiscoveryCore&, DiscoveryTime)>;
  bool post(Command command);
  // At once. The control shard, and not from within a command. After stop nothing happens.
  void run(const Command& command);
  // Bans of an ID are kept over a restart. None: for ever.
  DiscoveryBans::Added ban(const EnodeId& id, std::optional<conn::WallTime> until,
                           conn::BanOrigin origin);
  bool unban(const EnodeId& id);

  // --- what it has to say ---

  std::shared_ptr<UpdateSubscription> subscribe(conn::Shard& shard,
                                                UpdateSubscription::OnUpdates on_updates);
  // Any thread. Not older than a second while it runs.
  std::shared_ptr<const DiscoverySnapshot> snapshot() const;
  // The control shard.
  const DiscoveryCore& core() const noexcept;

 private:
  explicit DiscoveryServer(std::shared_ptr<Shell> shell) : shell_(std::move(shell)) {}
  std::shared_ptr<Shell> shell_;
};

}  // namespace peerage::pex

// A whole node: a switch, peer exchange, and the address books with their file, put together and
// taken apart in the one right order.
//
//   pex::NodeConfig config;
//   config.networks = {"my-chain"};
//   config.listen = "0.0.0.0:26656";
//   config.seeds = conn::parse_host_addresses("ID@HOST:PORT").value();
//   config.book_file = "book.db";
//   auto node = pex::Node::create(config, std::move(key));
//   if (!node) ...
//   (*node)->add_reactor(std::make_shared<Echo>());
//   if (auto up = (*node)->start(); !up) ...
//   ...
//   auto saved = (*node)->stop();
//
// `start` takes its address, opens the books, which no other process may have, gives the switch the
// bans that are in them, and accepts. (On a runtime that it was given the address is taken last:
// AsioRuntime::hold takes it before.) Without its address it changes no file. `stop` lets what is
// queued leave, ends every peer, and saves and closes the books. What one setting means for several
// parts is derived here: a seed's slots and deadlines, the book's rules, the networks that are
// exempt from its caps.
//
// Invariant: the books are open, or in memory alone, for as long as the switch runs.
//
// Threads: everything but add_reactor and on_event (both before the start) may be called on any
// thread. `start` and `stop` wait, and are refused where that would be waiting for oneself: in a
// reactor's call, on a network thread, in virtual time; their forms with a callback are for these.
// Callbacks run on the control shard (Node::look).
//
// Lifetime: a runtime that it was given outlives it. Destroying a node stops it, and waits for that
// where it may. Elsewhere stop it first: its connections end soon after, but what its books have
// not yet written is lost, as with a runtime that is stopped before it. Callbacks that were still
// to come then do not come.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "p2p/switch.h"
#include "pex/discovery_config.h"
#include "pex/pex_reactor.h"

namespace peerage::conn {
class AsioRuntime;
}
namespace peerage::pex {
class DiscoveryServer;
}

namespace peerage::pex {

// With more peers, none has series of its own in the metrics of a node.
inline constexpr std::size_t kPeerMetrics = 64;

struct NodeConfig {
  // --- what most set; each that is set replaces the same setting of the parts below ---

  // The chain IDs that it serves. The first is ours when we dial.
  std::vector<std::string> networks;
  std::string listen;  // IP:PORT; port 0 takes any
  std::vector<conn::HostAddress> seeds;
  std::vector<conn::HostAddress> persistent_peers;
  std::filesystem::path book_file;  // empty: the books are in memory, and lost with it
  std::optional<Role> role;         // node, unless `exchange` says otherwise
  // False: no peer exchange and no books; it has its persistent peers, and those that dial it.
  bool pex = true;
  std::shared_ptr<conn::LogSink> log;  // none: silent
  std::size_t shards = 0;              // threads of a runtime of its own; 0: one for each core

  // --- its metrics (pex/metrics.h) ---

  // What the names of a comet node's series begin with; of [A-Za-z0-9_].
  std::string metrics_namespace = "cometbft";
  // For how many peers there are series of each, at most: with one more, none. Not set:
  // kPeerMetrics for a node, 0 for a seed.
  std::optional<std::size_t> peer_metrics;

  // --- the parts, for everything else ---

  p2p::SwitchConfig connections;
  PexConfig exchange;
  // Whether the file records which node told us of which address. Not set: a seed's does.
  std::optional<NetworkBooks::Settings::Provenance> provenance;
  // Finds nodes over UDP, too; needs peer exchange. Not set: nothing of it is bound or written.
  std::optional<DiscoveryConfig> discovery;
  // For experiments: the book's rules, instead of those that follow from the settings.
  std::optional<addrbook::BookConfig> book;
};

// What an operator may change while the node runs; each list replaces the one before. Seeds and
// persistent peers are sets of addresses: of a node that is named at several, all are tried.
struct NodeLists {
  std::vector<conn::HostAddress> seeds = {};
  std::vector<conn::HostAddress> persistent_peers = {};
  std::vector<conn::NodeId> unconditional_ids = {};
  std::vector<conn::NodeId> private_ids = {};
  std::vector<conn::NodeId> named_ids = {};  // at most kMaxNamedNodes
};

// The settings as a start takes them: what stands above the parts is put into them, and what the
// role means for the switch (prepare in pex/pex_reactor.h) is done.
NodeConfig settled(NodeConfig config);

// The book's rules that follow from the settings. Also for those that change the file of a node
// that does not run: what it would not keep, they need not put in.
addrbook::BookConfig book_config(const NodeConfig& config);

class Node {
 public:
  // With a runtime of its own; or on one that exists: a host's loop, a simulation. A failure
  // (invalid_argument): settings that make no sense (p2p/switch.h).
  static conn::Result<std::unique_ptr<Node>> create(NodeConfig config, conn::NodeKey key);
  static conn::Result<std::unique_ptr<Node>> create(conn::Runtime& runtime, NodeConfig config,
                                                    conn::NodeKey key);
  ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  // Both before the start. See p2p/switch.h for what they throw.
  void add_reactor(std::shared_ptr<p2p::Reactor> reactor);
  void on_event(p2p::OnSwitchEvent handler);
  // The file's condition has changed: for the operator. Before the start; called on the control
  // shard.
  void on_book_state(std::function<void(const addrbook::Store::State&)> handler);

  // Once. After a failure only `stop` is left, which closes what has been opened.
  using Done = std::function<void(const conn::Result<void>&)>;
  void start(Done done);
  // A failure (book_unreadable) also when it takes longer than `limit`: a large file that is
  // damaged takes a while.
  static constexpr conn::Duration kStartLimit = std::chrono::minutes(2);
  conn::Result<void> start(conn::Duration limit = kStartLimit);

  // Safe at any moment, and to repeat. A failure: something could not be saved, or takes longer
  // than `limit` (book_unwritable); then it is still being written until the runtime stops.
  void stop(Done done);
  static constexpr conn::Duration kStopLimit = std::chrono::seconds(10);
  conn::Result<void> stop(conn::Duration limit = kStopLimit);

  const conn::NodeId& id() const;
  // Where it listens; meaningful once started.
  conn::NetAddress listen_address() const;
  // Peers, dials, bans, counters.
  p2p::Switch& get_switch() noexcept;
  const p2p::Switch& get_switch() const noexcept;

  // Addresses that are new are dialled at once. One that is gone is dialled no more; connections
  // stay, as a persistent peer's if the node is still named at another. What has changed is logged.
  void update_lists(NodeLists lists);

  // Hands the state of peer exchange over, on the control shard; nothing without peer exchange, and
  // nothing once it has stopped.
  void report(std::function<void(const PexReport&)> into);
  // See PexReactor::visit; without peer exchange it is refused at once.
  void visit(std::optional<conn::NodeId> id, PexReactor::VisitsAsked done);
  // All that the books hold now is in the file, and the file is whole without its log: a copy that
  // is made of it then is one that can be opened. `done` runs on the control shard, with the rows
  // that were waiting; a node without a file has none.
  void save(std::function<void(const conn::Result<std::size_t>&)> done);
  // What opening the file has brought; meaningful once started.
  const NetworkBooks::Opened& opened() const noexcept;
  // Runs `task` on the control shard, where the books may be touched; not at all without peer
  // exchange.
  void look(std::function<void(NetworkBooks&)> task);
  // Null without peer exchange. On the control shard alone.
  NetworkBooks* books() noexcept;
  // Null while discovery is off or does not run. On the control shard alone.
  DiscoveryServer* discovery() noexcept;

  conn::Runtime& runtime() noexcept;

 private:
  friend std::string metrics_text(const Node& node);
  struct Core;
  Node(std::unique_ptr<conn::AsioRuntime> own, std::shared_ptr<Core> core);

  std::unique_ptr<conn::AsioRuntime> own_runtime_;
  std::shared_ptr<Core> core_;  // and every task's that was posted for it
};

}  // namespace peerage::pex

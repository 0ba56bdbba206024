// Makes the snapshots of a running node (cmd/status/snapshot.h) that its operators' surface answers
// from.
//
// A reader gets the last one, or makes a new one when that is kPause old: of what the switch
// publishes, and of figures that the control shard was asked for in the background. It waits for no
// thread, and peers pay nothing for it. Once a second the control shard looks at what it alone can
// see: the books' counts and the state of their file, some microseconds for each network. That this
// happens shows that it lives.
//
// Two readers that come at the same moment may both make one.
//
// Threads: all on any. The node outlives it and its readers; the runtime may have stopped.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "cmd/status/snapshot.h"
#include "conn/base/time.h"
#include "p2p/base/snapshot_cell.h"
#include "pex/node.h"

namespace peerage::cmd {

class StatusKeeper {
 public:
  static constexpr conn::Duration kPause = std::chrono::seconds(1);

  // `config` is what the node was made with, `key` its own, `version` the program's.
  StatusKeeper(pex::Node& node, const pex::NodeConfig& config, const conn::PublicKey& key,
               std::string version);
  ~StatusKeeper();
  StatusKeeper(const StatusKeeper&) = delete;
  StatusKeeper& operator=(const StatusKeeper&) = delete;

  std::shared_ptr<const StatusSnapshot> read();

  // The node is about to stop: the next reader sees it, as it sees that the switch drains.
  void set_draining() { draining_ = true; }

 private:
  class Watch;
  struct Made {
    conn::TimePoint at{};
    StatusSnapshot snapshot;
  };
  std::shared_ptr<const Made> make() const;
  // The process, before its end, or the switch, by an operator's wish.
  bool is_draining() const;
  void add_networks(StatusSnapshot& into) const;
  void add_peers(const p2p::PeerList& peers, StatusSnapshot& into) const;
  void add_own(StatusSnapshot& into) const;

  pex::Node& node_;
  conn::Runtime& runtime_;
  conn::Shard& control_;
  const pex::NodeConfig config_;
  const conn::TimePoint began_;
  StatusSnapshot fixed_;  // what stays
  const std::shared_ptr<Watch> watch_;
  std::atomic<bool> draining_ = false;
  std::atomic<bool> publishing_ = false;
  p2p::SnapshotCell<Made> last_;
};

}  // namespace peerage::cmd

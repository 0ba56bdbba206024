// The switch's inside: what stands between the parts, on the control shard. Not for embedders; see
// p2p/switch.h.
//
// It owns the parts, passes what one finds out on to the others, and knows the order of starting
// and stopping. Each part's file says what it decides.
//
// Threads: everything on the control shard, unless it says otherwise. What the parts post there
// holds them by reference; the core outlives that because it ends them first, and is itself kept by
// every task that was posted for it. What runs on other shards may outlive the core, and has its
// own share of what it needs.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "p2p/base/snapshot_cell.h"
#include "p2p/connect/acceptor.h"
#include "p2p/connect/dial_runner.h"
#include "p2p/connect/local_node_info.h"
#include "p2p/peer/peer_registry.h"
#include "p2p/reactor_host.h"
#include "p2p/switch.h"
#include "p2p/switch_log.h"

namespace peerage::p2p {

class SwitchCore : public std::enable_shared_from_this<SwitchCore>, private PeerMarks::Observer {
 public:
  // `upgrader`: null for the comet wire.
  SwitchCore(conn::Runtime& runtime, conn::NodeKey key, SwitchConfig config,
             std::shared_ptr<Upgrader> upgrader);
  ~SwitchCore();

  // --- before the start ---
  ReactorHost& reactors() noexcept { return reactors_; }
  void add_handler(OnSwitchEvent handler) { handlers_.push_back(std::move(handler)); }
  // std::logic_error if start() has been called: what reads the reactors and the handlers then
  // takes no lock.
  void require_not_started(const char* what) const;
  void note_started() noexcept { start_called_ = true; }

  // --- on any thread ---
  // Runs `task` on the control shard, later; the core lives until then.
  void post(std::function<void(SwitchCore&)> task);
  conn::Runtime& runtime() const noexcept { return runtime_; }
  // Waits until stopping has been completed, or the runtime has stopped. Where that may wait.
  void wait_until_stopped();
  const conn::NodeId& id() const noexcept { return id_; }
  conn::Endpoint listen_endpoint() const;
  std::shared_ptr<const SwitchSnapshot> snapshot() const { return snapshot_.read(); }
  Counters& counters() noexcept { return counters_; }
  const conn::PeerLog& peer_log() const noexcept { return log_.peers(); }

  // --- on the control shard ---
  void start(Switch::Started done);
  void stop(std::function<void()> done);
  void stop_peer(const conn::NodeId& id, const conn::Failure& why);
  void stop_link(LinkId link, const conn::Failure& why);
  void disconnect(const conn::NodeId& id, conn::Duration within);
  void mark_good(const conn::NodeId& id);
  void dial(const DialOrder& order);
  void add_persistent(const conn::HostAddress& peer);
  void remove_persistent(const conn::NodeId& id);
  PeerMarks& marks() noexcept { return marks_; }  // persistent peers: by the two above
  conn::Result<void> ban(const BanTarget& target, conn::Duration span, const std::string& why,
                         BanOrigin origin, const std::optional<conn::NodeId>& culprit = {});
  void ban_peer(const conn::NodeId& id, const conn::IpAddress& ip, conn::Duration span,
                const std::string& why);
  void restore_bans(const std::vector<Ban>& bans);
  void unban(const BanTarget& target);
  std::vector<Ban> bans() const { return admission_.bans().all(control_.now()); }

 private:
  enum class State : std::uint8_t { created, starting, running, stopping, stopped };

  void on_reactors_started(const conn::Result<void>& outcome);
  conn::Result<void> open();
  void finish_start(const conn::Result<void>& outcome);
  void on_all_peers_gone();
  void on_stopped(const conn::Result<void>& outcome);

  // What the parts report.
  Acceptor::Events acceptor_events();
  DialRunner::Events dial_events();
  PeerRegistry::Events registry_events();
  void on_connected(const Connected& event);
  void on_gone(const Gone& event);
  void on_not_admitted(const Proven::Summary& node, DialPurpose purpose,
                       const AttemptReport& report, const conn::Failure& why);

  void refuse(const Refused& event);
  void end_those_under(const Ban& ban);
  // Whether a long-lived peer that is under no ban is in this network.
  bool has_established_in(const conn::Cidr& network) const;
  // The network of a dial; the first of ours if it names none.
  const std::string& network_of(const DialOrder& order) const;
  void on_marks_changed(const std::vector<conn::NodeId>& ids) override;
  void tell(const SwitchEvent& event);
  void publish();
  std::size_t next_shard() { return shard_turn_++ % runtime_.shard_count(); }
  std::uint64_t random() { return conn::random_value<std::uint64_t>(runtime_); }

  conn::Runtime& runtime_;
  conn::Shard& control_;
  const std::shared_ptr<const conn::NodeKey> key_;
  const conn::NodeId id_;
  const SwitchLog log_;  // it alone has the sink
  const SwitchConfig config_;
  Counters counters_;
  std::vector<OnSwitchEvent> handlers_;
  ReactorHost reactors_;
  PeerMarks marks_;
  Admission admission_;
  Dialer dialer_;
  Transport transport_;

  std::atomic<bool> start_called_ = false;
  State state_ = State::created;
  std::unique_ptr<Switch> handle_;  // what reactors are given
  std::optional<LocalNodeInfo> local_node_info_;
  std::optional<PeerRegistry> peers_;
  std::optional<DialRunner> dial_runner_;
  std::optional<Acceptor> acceptor_;
  std::size_t shard_turn_ = 0;
  Switch::Started started_;
  std::vector<std::function<void()>> on_stopped_;
  std::shared_ptr<SwitchCore> until_stopped_;

  SnapshotCell<SwitchSnapshot> snapshot_;
  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable stopped_changed_;
  bool stopped_ = false;
  conn::Endpoint listening_;
};

}  // namespace peerage::p2p

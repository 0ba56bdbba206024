// The switch's inside: its life, in the one right order. Not for embedders; see p2p/switch.h.
//
// It starts the reactors, then opens the ways in (p2p/peer_manager.h, which has all that happens
// between); it closes them, waits for the last peer to be gone, and then stops the reactors.
//
// Threads: everything on the control shard, unless it says otherwise. What the parts post there
// holds them by reference; the core outlives that because it closes them first, and is itself kept
// by every task that was posted for it.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>

#include "p2p/peer_manager.h"
#include "p2p/reactor_host.h"
#include "p2p/stop_latch.h"
#include "p2p/switch.h"
#include "p2p/switch_reports.h"

namespace peerage::p2p {

class SwitchCore : public std::enable_shared_from_this<SwitchCore> {
 public:
  // `upgrader`: null for the comet wire.
  SwitchCore(conn::Runtime& runtime, conn::NodeKey key, SwitchConfig config,
             std::shared_ptr<Upgrader> upgrader);
  ~SwitchCore();

  // --- on any thread ---
  conn::Runtime& runtime() const noexcept { return runtime_; }
  // Runs `task` on the control shard, later; the core lives until then.
  void post(std::function<void(SwitchCore&)> task);
  // std::logic_error if start() has been called: what reads the reactors and the handlers then
  // takes no lock.
  void require_not_started(const char* what) const;
  void note_started() noexcept { start_called_ = true; }
  // Waits until stopping has been completed, or the runtime has stopped. Where that may wait.
  void wait_until_stopped() { stopped_.wait(runtime_); }

  // --- the parts; each says on which threads ---
  ReactorHost& reactors() noexcept { return reactors_; }
  SwitchReports& reports() noexcept { return reports_; }
  PeerManager& peers() noexcept { return peers_; }

  // --- on the control shard ---
  void start(Switch::Started done);
  void stop(std::function<void()> done);

 private:
  enum class State : std::uint8_t { created, starting, running, stopping, stopped };

  void on_reactors_started(const conn::Result<void>& outcome);
  void finish_start(const conn::Result<void>& outcome);
  void on_all_peers_gone();
  void on_stopped(const conn::Result<void>& outcome);

  conn::Runtime& runtime_;
  SwitchReports reports_;
  ReactorHost reactors_;
  PeerManager peers_;
  std::atomic<bool> start_called_ = false;
  State state_ = State::created;
  std::unique_ptr<Switch> handle_;  // what reactors are given
  Switch::Started started_;
  StopLatch stopped_;
};

}  // namespace peerage::p2p

// The inside of the discovery server (server.h): the core, its socket and its timer.
//
// Threads: the control shard, but for `post` and `snapshot`.
#pragma once

#include <atomic>
#include <mutex>
#include <string>

#include "conn/runtime/peer_log.h"
#include "pex/discovery/name_watch.h"
#include "pex/discovery/server.h"

namespace peerage::pex {

class DiscoveryServer::Shell : public std::enable_shared_from_this<Shell> {
 public:
  Shell(conn::Secp256k1Key key, Settings settings, World world,
        std::unique_ptr<conn::DatagramSocket> socket);

  void begin();
  void stop();
  bool post(Command command);
  void run(const Command& command);
  std::shared_ptr<const DiscoverySnapshot> snapshot() const;

  DiscoveryTime now() const { return {world_.shard.now(), world_.runtime.wall_now()}; }
  bool stopped() const noexcept { return stopped_; }
  DiscoveryCore& core() noexcept { return core_; }
  NodeRows* rows() noexcept { return world_.rows.get(); }
  UpdateSubscribers& subscribers() noexcept { return subscribers_; }
  conn::Shard& shard() noexcept { return world_.shard; }

 private:
  void on_readable();
  void on_timer();
  // What follows from whatever has happened: what is to be stored, told and sent, and when to look
  // again.
  void settle();
  void hand_out();
  void send();
  void arm_timer();

  void store_seq(std::uint64_t seq);
  void on_stored(std::uint64_t seq, const conn::Result<void>& result);
  void store_rows();
  void publish_snapshot();
  void log_update(const Update& update);
  void log_started();
  void warn_of_clock();
  std::string protocols() const;

  World world_;
  conn::Log log_;
  conn::PeerLog peer_log_;
  std::unique_ptr<conn::DatagramSocket> socket_;
  DiscoveryCore core_;
  NameWatch names_;
  UpdateSubscribers subscribers_;
  std::unique_ptr<conn::Timer> timer_;
  std::vector<OutDatagram> unsent_;  // that the socket had no room for
  bool awaits_room_ = false;
  bool logged_start_ = false;

  std::optional<std::uint64_t> unstored_seq_;  // that failed, and is tried again
  conn::TimePoint store_again_ = conn::TimePoint::max();
  conn::TimePoint next_rows_ = conn::TimePoint::max();
  conn::TimePoint next_snapshot_ = conn::TimePoint::max();
  conn::TimePoint next_clock_warning_ = conn::TimePoint::min();

  std::atomic<bool> stopped_{false};
  std::atomic<std::size_t> commands_waiting_{0};
  mutable std::mutex snapshot_guard_;
  std::shared_ptr<const DiscoverySnapshot> snapshot_;
};

}  // namespace peerage::pex

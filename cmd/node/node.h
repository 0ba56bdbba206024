// A node as the program runs it: a home's settings made into a switch with peer exchange, its books
// and their file.
//
// `prepare` judges the settings, takes the node's address, and only then brings the home into
// order: it makes the directories and the node key that are missing, clears away what a process
// that was killed has left, and takes over an addrbook.json that another program wrote
// (cmd/addrbook/takeover.h). So a start that fails for a setting or its port has changed nothing.
// `start` opens the book, which no other process may have, gives the switch the bans that are in
// it, and accepts. `stop` disconnects every peer, saves and closes within kStopLimit.
//
// An addrbook.json that the settings name is kept up to date (cmd/addrbook/mirror.h).
//
// Threads: made, started and stopped on the main thread, which waits; the rest happens on the
// runtime's.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "cmd/addrbook/mirror.h"
#include "cmd/base/program_log.h"
#include "cmd/config/node_key_file.h"
#include "cmd/config/settings.h"
#include "cmd/ctl/live_settings.h"
#include "cmd/ctl/node_control.h"
#include "cmd/ctl/server.h"
#include "cmd/node/heartbeat.h"
#include "cmd/node/http_surface.h"
#include "cmd/node/node_lines.h"
#include "cmd/node/peer_lines.h"
#include "conn/address/node_key.h"
#include "conn/runtime/asio_runtime.h"
#include "pex/node.h"

namespace peerage::cmd {

class Node {
 public:
  static constexpr conn::Duration kStopLimit = std::chrono::milliseconds(4500);

  // Whether the home, its config file, its key and its book may be missing, and are made.
  enum class Home : std::uint8_t { may_be_new, must_exist };
  // `load` reads the settings again. Throws nothing; a failure says what to do.
  static conn::Result<std::unique_ptr<Node>> prepare(Settings settings, pex::Role role,
                                                     const ProgramLog& log, LiveSettings::Load load,
                                                     Home home = Home::may_be_new);
  ~Node();

  // Signs of life from the control shard, for as long as it runs its tasks. Before the start.
  void beat(conn::Duration interval, std::function<void()> sign);
  conn::Result<void> start();
  // Reads the settings again (cmd/ctl/live_settings.h), and logs what came of it.
  void reload();
  // /readyz says no from now on.
  void set_draining();
  // A failure: something could not be saved.
  conn::Result<void> stop();

  conn::NetAddress address() const { return node_->listen_address(); }
  const Settings& settings() const noexcept { return settings_; }
  // For `systemctl status`.
  std::string status_line() const;

 private:
  Node(Settings settings, pex::Role role, const ProgramLog& log);

  conn::Result<void> make(const ProgramLog& log, conn::NodeKey key);
  void make_control(LiveSettings::Load load);
  conn::Result<void> take_address();
  conn::Failure why_not_taken(conn::Failure failure) const;
  conn::Result<void> open_http(const conn::PublicKey& key);
  conn::Result<void> settle_home(const HomeKey& key);
  conn::Result<void> open_control_socket();
  void take_over_json_book(const conn::NodeId& id);
  void on_mirror(JsonMirror::Event event, const conn::Failure& why) const;
  void on_book_state(const addrbook::Store::State& state);
  void summarise();
  void arm_summary();

  conn::Result<void> dial_peers(const RpcHooks::Addresses& addresses, const DialMarks& marks);
  void add_figures(ProgramFigures& figures) const;
  void take(const Config& config);

  Settings settings_;  // of the start
  Config taken_;       // with what was read since; on the control shard
  const pex::Role role_;
  ProgramLog program_log_;
  conn::Log log_;
  NodeLines lines_;
  conn::AsioRuntime runtime_;
  std::unique_ptr<JsonMirror> mirror_;
  std::unique_ptr<Heartbeat> heartbeat_;
  bool book_is_new_ = false;
  bool book_unsaved_ = false;  // the operator was told; on the control shard
  std::unique_ptr<PeerLines> peer_lines_;
  std::unique_ptr<conn::Timer> summary_;
  std::unique_ptr<pex::Node> node_;
  // Destroyed before what they show and steer.
  std::shared_ptr<LiveSettings> live_;
  std::unique_ptr<NodeControl> control_;
  std::unique_ptr<HttpSurface> http_;
  std::unique_ptr<CtlServer> ctl_;  // none: the settings want none
};

}  // namespace peerage::cmd

// A node as the program runs it: a home's settings made into a switch with peer exchange, its books
// and their file.
//
// `prepare` brings the home into order: it makes the directories and the node key that are missing,
// and takes over an addrbook.json that another program wrote (cmd/addrbook/takeover.h). `start`
// opens the book, which no other process may have, gives the switch the bans that are in it, and
// listens. `stop` disconnects every peer, saves and closes within kStopLimit.
//
// An addrbook.json that the settings name is kept up to date (cmd/addrbook/mirror.h).
//
// Threads: made, started and stopped on the main thread, which waits; the rest happens on the
// runtime's.
#pragma once

#include <memory>
#include <string>

#include "cmd/addrbook/mirror.h"
#include "cmd/base/program_log.h"
#include "cmd/config/settings.h"
#include "conn/address/node_key.h"
#include "conn/runtime/asio_runtime.h"
#include "pex/node.h"

namespace peerage::cmd {

class Node {
 public:
  static constexpr conn::Duration kStopLimit = std::chrono::milliseconds(4500);

  // Throws nothing; a failure says what to do.
  static conn::Result<std::unique_ptr<Node>> prepare(Settings settings, pex::Role role,
                                                     const ProgramLog& log);
  ~Node();

  conn::Result<void> start();
  // The lists of the settings are from now on those of `fresh`; what else has changed in there
  // waits for a restart, and is logged.
  void reload(const Settings& fresh);
  // A failure: something could not be saved.
  conn::Result<void> stop();

  conn::NetAddress address() const { return node_->listen_address(); }
  const Settings& settings() const noexcept { return settings_; }
  // For `systemctl status`.
  std::string status_line() const;

 private:
  Node(Settings settings, const ProgramLog& log);

  conn::Result<void> make(pex::Role role, const ProgramLog& log, conn::NodeKey key);
  void log_book(const pex::NetworkBooks::Opened& opened);
  void summarise();
  void arm_summary();
  void write_summary(const pex::PexReport& report);

  Settings settings_;
  conn::Log log_;
  conn::AsioRuntime runtime_;
  std::unique_ptr<JsonMirror> mirror_;
  std::unique_ptr<conn::Timer> summary_;
  std::unique_ptr<pex::Node> node_;  // destroyed first
};

}  // namespace peerage::cmd

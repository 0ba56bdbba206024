// The control socket: a Unix socket with a thread of its own, so that no client that is slow,
// silent or hostile can delay a peer. The protocol is CtlSession's (cmd/ctl/protocol.h), and what
// verbs do a Control's; here are descriptors alone.
//
// Who may: a process of the user of ours, or of root (SO_PEERCRED). Others, and those beyond the
// limit of connections, are told so and closed; none is left in the backlog.
//
// It is poll(2), and not Boost.Asio's local sockets: for sixteen connections the loop is shorter
// than its callbacks would be, and Boost stays in cmd/http.
//
// Threads: `figures` on any; the rest where it was made. `stop`, and so the destructor, waits for
// the thread. The Control outlives it.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <vector>

#include <sys/types.h>

#include "cmd/ctl/control.h"
#include "cmd/ctl/counts.h"
#include "cmd/ctl/protocol.h"
#include "conn/base/failure.h"
#include "conn/base/log.h"

namespace peerage::cmd {

struct CtlServerSettings {
  std::filesystem::path socket;
  std::optional<uid_t> owner{};  // whose processes may; none: the user of this one
  std::size_t connections = 16;
  CtlLimits limits{};
};

class CtlServer {
 public:
  // Answers that are ready at the end have so long to go.
  static constexpr std::chrono::milliseconds kFarewell{500};

  // Takes the path (SocketListener::open has the failures). Who connects before the start waits.
  static conn::Result<std::unique_ptr<CtlServer>> open(const CtlServerSettings& settings,
                                                       conn::Log log);
  ~CtlServer();
  CtlServer(const CtlServer&) = delete;
  CtlServer& operator=(const CtlServer&) = delete;

  void start(Control& control);
  // What is under way is answered with "stopping", and the file removed. Safe to repeat.
  void stop();

  std::vector<CtlFigure> figures() const;

 private:
  class Loop;
  explicit CtlServer(std::unique_ptr<Loop> loop);

  std::unique_ptr<Loop> loop_;
};

}  // namespace peerage::cmd

// A connection of the server: its socket, and what is spoken there (cmd/http/connection.h), or,
// after an upgrade, a WebSocket.
//
// This header shows Boost: it is for this room's .cpp files alone.
//
// Threads: the server's. A session owns itself: it lives while something is under way.
#pragma once

#include <memory>
#include <unordered_set>

#include "cmd/http/service.h"
#include "cmd/http/stream.h"

namespace peerage::cmd {

// Those that live are in a list, which outlives them.
class Session {
 public:
  using List = std::unordered_set<Session*>;

  explicit Session(List& all) : all_(all) { all_.insert(this); }
  virtual ~Session() { all_.erase(this); }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // The server stops: an answer under way may end, all else ends now.
  virtual void shut_down() = 0;

 private:
  List& all_;
};

// For an accepted socket. The service has counted it (Service::connect). `tls` null: plain.
void start_session(Session::List& all, Stream::Socket socket, std::shared_ptr<TlsContext> tls,
                   Service& service, const HttpCaller& caller);

// The clock that deadlines are counted on.
conn::TimePoint steady_now() noexcept;

}  // namespace peerage::cmd

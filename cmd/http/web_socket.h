// A WebSocket: text messages in, each answered before the next is read; pings; an end when nothing
// comes.
//
// Threads: the server's.
#pragma once

#include <memory>

#include "cmd/http/connection.h"
#include "cmd/http/session.h"

namespace peerage::cmd {

// For a connection that was upgraded. The session that it came from lives as long as it does.
void start_web_socket(Session::List& all, std::shared_ptr<Session> from, Stream& stream,
                      HttpConnection& http, Service& service);

}  // namespace peerage::cmd

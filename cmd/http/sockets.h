// The TCP sockets that a server listens at and serves, as the system has them. Unix sockets are in
// cmd/base/unix_socket.h.
//
// Threads: any; nothing waits.
#pragma once

#include <optional>

#include "conn/address/ip_address.h"
#include "conn/base/failure.h"
#include "conn/base/file.h"

namespace peerage::cmd {

// Not blocking, and closed in child processes. "::" takes IPv4 connections, too, and is 0.0.0.0
// where there is no IPv6. A failure names the address.
conn::Result<conn::Descriptor> listen_tcp(const conn::Endpoint& endpoint);

// Where a TCP socket is, and where its other end is. Nothing for a Unix socket.
std::optional<conn::Endpoint> local_endpoint(int socket);
std::optional<conn::Endpoint> remote_endpoint(int socket);

}  // namespace peerage::cmd

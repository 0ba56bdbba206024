// A request to an HTTP server, and its answer: over TCP, TLS or a Unix socket, within a deadline.
//
// Threads: any; it waits.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <variant>

#include "cmd/http/message.h"
#include "conn/address/net_address.h"
#include "conn/base/failure.h"

namespace peerage::cmd {

struct HttpTarget {
  std::variant<conn::Endpoint, std::filesystem::path> server;
  std::string host{};  // of the Host header; empty: the endpoint, or "localhost"
  enum class Tls : std::uint8_t { no, yes, unverified } tls = Tls::no;
  std::filesystem::path trusted{};  // PEM of certificates; empty: the system's
};

// `request.path` and `query` are sent as they are; other headers than Host, Content-Length and
// Connection are the request's. A failure says at which step; an answer of any status is none.
// Bodies beyond `most` bytes are a failure.
conn::Result<HttpAnswer> http_request(const HttpTarget& target, const HttpRequest& request,
                                      std::chrono::milliseconds within,
                                      std::size_t most = std::size_t{64} << 20);

}  // namespace peerage::cmd

// Where our own address comes from, as configured: `vote`, `fixed:IP`, `name:HOST`, `interface`,
// `interface:NAME` or `none`.
//
// The words of other implementations (`any`, `upnp`, `publicip`) are read as `vote`, with a notice.
// Threads: plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "conn/address/ip_address.h"
#include "conn/base/failure.h"

namespace peerage::pex {

struct ExternalIpSource {
  enum class Kind : std::uint8_t { vote, fixed, host_name, interface, none } kind = Kind::vote;
  conn::IpAddress ip;  // fixed
  std::string name;    // of a host, or of an interface; empty: any interface
  std::string notice;  // what the operator should know; empty: nothing

  // Fails with invalid_argument.
  static conn::Result<ExternalIpSource> parse(std::string_view text);
  std::string to_string() const;
  // What our record names from its first moment on, with the socket at `listen`: what is fixed; or,
  // until others have voted, the one address where we listen.
  std::optional<conn::IpAddress> known(const conn::IpAddress& listen) const;
};

}  // namespace peerage::pex

// What speaks where a comet node should: the kind of a protocol, told by its first bytes.
//
// The first three bytes of a comet node can only be those of its ephemeral key
// (conn/comet/secret_handshake.h). Anything else is another protocol, and which one is worth
// telling an operator: a web server on the port that was dialled, a health check or a balancer's
// PROXY header on the port that we listen on.
//
// Bytes come in pieces, and a stranger may close after the first few. So there are two questions:
// whether more bytes may yet tell, which is so while what came is the beginning of a beginning that
// we know (at most 12 bytes), and what it is if no more come. From kEnoughToTell bytes on the
// beginning of one kind alone counts as that kind.
//
// Source: PROXY protocol, haproxy doc/proxy-protocol.txt 2.1 and 2.2; RFC 9110 9; RFC 8446 5.1; RFC
// 4253 4.2.
//
// Threads: plain functions.
#pragma once

#include <cstddef>
#include <cstdint>

#include "conn/base/bytes.h"
#include "conn/base/failure.h"

namespace peerage::conn {

// Besides WireReason::speaks_http, speaks_tls, speaks_ssh and not_a_comet_node.
enum class ForeignReason : std::uint8_t {
  proxy_header,  // PROXY protocol, version 1 or 2, whatever its command
};
const ReasonText& reason_text(ForeignReason reason) noexcept;

inline constexpr std::size_t kEnoughToTell = 3;

// What began with `seen`, which no comet node begins with, if no more comes: at stage key_exchange.
// The detail quotes the beginning, made printable.
Failure identify_foreign_protocol(ByteView seen);

// Whether more bytes after `seen` may tell what it is.
bool may_yet_be_identified(ByteView seen);

// Whether the reason is one of those that `identify_foreign_protocol` gives.
bool is_foreign_protocol(Reason reason) noexcept;

}  // namespace peerage::conn

// The `cmt` pair of a record: which comet node this is, on which networks, at which port.
//
// Version 1 of the format, ours, written down in spec/discovery.md: an RLP list
// [NodeId 20 bytes, network of 1 to 50 printable ASCII bytes, p2p port, further networks ...].
// Port 0 means that of the `tcp` pair. Further elements that are not networks are ignored. Anything
// else counts as no pair at all; the record stays good.
//
// Only the discovery key signs it, so it can name anybody's NodeId: a failed proof blames the
// record, never the node that it names.
// Threads: plain values.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "conn/address/node_id.h"
#include "pex/discovery/record/enr.h"

namespace peerage::pex {

struct Cmt {
  conn::NodeId node_id;
  std::vector<std::string> networks;  // at least one, the first that of the format's second place
  std::uint16_t port = 0;

  // One encoded RLP item.
  static std::optional<Cmt> decode(conn::ByteView value);
  static std::optional<Cmt> of(const Enr& record);
  conn::Bytes encode() const;

  auto operator<=>(const Cmt&) const = default;
};

}  // namespace peerage::pex

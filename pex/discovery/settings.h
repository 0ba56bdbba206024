// What the discovery core is told at its start. Threads: plain values.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "conn/address/cidr.h"
#include "conn/address/node_id.h"
#include "pex/discovery/limits.h"
#include "pex/discovery/node_rows.h"
#include "pex/discovery/record/local_record.h"

namespace peerage::pex {

// The two clocks at one moment.
struct DiscoveryTime {
  conn::TimePoint steady;
  conn::WallTime wall;
};

enum class Switched : std::uint8_t { off, on };

// Who we are in the p2p network: the record's `cmt` and `tcp`.
struct P2pIdentity {
  conn::NodeId id;
  std::vector<std::string> networks;  // at least one
  std::uint16_t port = 0;             // that is advertised
};

// Where the addresses of our record come from.
enum class ExternalIp : std::uint8_t {
  vote,   // others say where they see us
  given,  // set_external_ip says: a fixed one, a name's, an interface's
  none,   // the record has no address
};

struct DiscoverySettings {
  std::array<Switched, kProtocolCount> protocols = {Switched::on, Switched::off};
  DiscoveryLimits limits;
  conn::Endpoint bound;  // the socket, with the port that a 0 became
  Switched reach_v4 = Switched::on, reach_v6 = Switched::off;  // families of the socket
  ExternalIp external_ip = ExternalIp::vote;
  std::optional<conn::IpAddress> known_ip;  // our own from the start, unless `none`
  std::optional<P2pIdentity> p2p;           // none: no p2p listener

  std::vector<Contact> boot;
  NodeRows::Loaded stored;
  std::vector<conn::Cidr> net_restrict;  // not empty: nobody outside of them
  std::vector<conn::Cidr> exempt;        // of the shares of networks in the table

  Switched lookups = Switched::on;         // those of the timer
  Switched random_lookups = Switched::on;  // off: all of them are for ourselves
  Switched records = Switched::on;         // off: no sequences, no records asked for or given
  Switched expiry = Switched::on;          // off: packets of the past are taken, too
  // Only nodes whose record names a network of ours are told to others.
  Switched only_confirmed_neighbors = Switched::off;
  // Handled messages are reported (take_handled): for tests.
  Switched report_handled = Switched::off;
};

}  // namespace peerage::pex

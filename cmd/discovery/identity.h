// Who a home's node is for discovery: its ID, its record and its enode URL, as far as the key and
// the settings tell.
//
// A running node knows more: where others see it. So a record that is made here has the sequence 1,
// which no node gives to its own (pex/discovery/record/local_record.h): whoever hears of both keeps
// the node's.
//
// Threads: pure functions.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "conn/address/node_id.h"
#include "pex/discovery/external_ip.h"
#include "pex/discovery/record/enr.h"

namespace peerage::cmd {

// What the settings say.
struct IdentityInputs {
  conn::Endpoint p2p;  // where it listens; port 0: any free one
  conn::Endpoint udp;
  pex::ExternalIpSource external_ip;
  std::optional<conn::NodeId> node;   // none: the home has no node key
  std::vector<std::string> networks;  // none, or "*": none that a record could name
};

struct Identity {
  pex::EnrPtr record;
  std::vector<std::string> notes;  // what the record does not say, and why
};

// Fails when the networks' names do not fit into a record.
conn::Result<Identity> identity_of(const conn::Secp256k1Key& key, const IdentityInputs& inputs);

// At the record's UDP endpoint, or without any when it has none.
std::string enode_of(const pex::Enr& record);

}  // namespace peerage::cmd

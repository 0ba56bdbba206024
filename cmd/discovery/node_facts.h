// What a node's record says, in the words and the JSON of every report of discovery. What came from
// the network is printable in it.
//
// Threads: pure functions.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "conn/base/failure.h"
#include "conn/base/time.h"
#include "pex/discovery/contact.h"
#include "pex/discovery/record/cmt.h"

namespace peerage::cmd {

using Json = nlohmann::ordered_json;

// The comet node that the record names, as it would be dialled: "ID@203.0.113.7:26656"; the ID
// alone when it names no address. Empty: it names no comet node. Nothing of it is proven.
std::string comet_address(const pex::Enr& record);
// "net-1, net-2"; empty: it names no comet node.
std::string networks_text(const pex::Enr& record);
// What the `client` pair says (EIP-7636): "Name 1.2"; empty: there is none.
std::string client_text(const pex::Enr& record);
// enode://KEY@IP:PORT; of a record, at the endpoint where it would be asked.
std::string enode_text(const pex::Contact& contact);
// What no answer does not tell apart: to be shown beside it.
inline constexpr const char* kSilenceHint =
    "UDP does not say why nothing came back: a node that is off or does not speak discv4, another "
    "port, and a firewall on the way (UDP out of here, and the answers in) look the same.";
// "12.3 ms".
std::string took_text(conn::Duration time);
double milliseconds_of(conn::Duration time);

// seq, id, key, its endpoints, comet, networks, client, the other pairs as encoded, text.
Json record_json(const pex::Enr& record);
// id, udp, tcp, enode, and the record, or null.
Json contact_json(const pex::Contact& contact);
// stage, reason, text, detail, hint.
Json failure_json_of(const conn::Failure& failure);

}  // namespace peerage::cmd

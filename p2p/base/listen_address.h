// Where a node listens, as `laddr` says it: by one rule for code that starts a node and code that
// only judges its settings.
//
// Threads: a pure function.
#pragma once

#include <string_view>

#include "conn/address/ip_address.h"
#include "conn/base/failure.h"

namespace peerage::p2p {

// Of "[tcp://]IP:PORT"; names are not looked up. The failure (address_malformed) says in its detail
// what is wrong, without the setting's name.
conn::Result<conn::Endpoint> listen_address(std::string_view laddr);

}  // namespace peerage::p2p

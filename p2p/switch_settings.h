// What a SwitchConfig means to each part of the switch, and whether it makes sense. Private to the
// switch.
//
// Threads: pure functions.
#pragma once

#include <string>
#include <vector>

#include "conn/address/node_id.h"
#include "conn/base/limits.h"
#include "p2p/admission/admission.h"
#include "p2p/base/node_info.h"
#include "p2p/base/switch_config.h"
#include "p2p/connect/transport.h"
#include "p2p/dial/dialer.h"

namespace peerage::p2p {

// The same; throws std::invalid_argument, with what is wrong, if the switch could not start with it
// or every peer would refuse what it says of itself.
SwitchConfig checked(SwitchConfig config);
// What it says of more than kMaxNamedNodes.
std::string too_many_named();

AdmissionConfig admission_config(const SwitchConfig& config);
DialerConfig dialer_config(const SwitchConfig& config);
Transport::Timeouts transport_timeouts(const P2pConfig& p2p);
// `round_trips`: where those of all connections are counted.
conn::ConnectionConfig connection_config(const SwitchConfig& config,
                                         std::shared_ptr<conn::Histogram> round_trips);

}  // namespace peerage::p2p

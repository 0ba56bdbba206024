// Whom a verb is about, as an operator writes it: a node ID, or the first digits of one that is
// known; for some verbs also an IP address or a network, for others where a node is to be dialled.
//
// Threads: pure functions.
#pragma once

#include <set>
#include <string_view>

#include <tl/expected.hpp>

#include "cmd/ctl/control.h"
#include "conn/address/ban_rule.h"
#include "conn/address/net_address.h"

namespace peerage::cmd {

// A whole ID is one, known or not. Of digits, at least kMinIdPrefix of them: refused (not_found,
// ambiguous, with the candidates) unless exactly one of `known` begins so.
tl::expected<conn::NodeId, CtlError> find_id(std::string_view text,
                                             const std::set<conn::NodeId>& known);
tl::expected<conn::BanTarget, CtlError> find_target(std::string_view text,
                                                    const std::set<conn::NodeId>& known);
// ID@HOST:PORT.
tl::expected<conn::HostAddress, CtlError> find_address(std::string_view text);

}  // namespace peerage::cmd

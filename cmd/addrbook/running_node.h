// The changes of `peerage addrbook`, asked of the node that has the book open: it keeps the book in
// memory, and would write over what another process puts into the file.
//
// Threads: one; it waits for the node.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cmd/addrbook/addrbook.h"
#include "cmd/base/control_client.h"

namespace peerage::cmd {

// By the names that the verbs of `peerage ctl` have for them; those without a value are left out.
using NodeParams = std::vector<std::pair<std::string_view, std::string>>;

// Asks, if `failure` says that the book is in use. Nothing: it does not, or no node answers at the
// home's control socket, so that the failure stands.
using NodeAnswer = tl::expected<std::string, ControlFailure>;
std::optional<NodeAnswer> ask_running_node(const BookHome& home, const conn::Failure& failure,
                                           const std::string& verb, const NodeParams& params);

// Whether the answer says that something has changed.
bool has_changed(const std::string& answer);

}  // namespace peerage::cmd

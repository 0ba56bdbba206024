// Nodes of discovery as an operator names them: a record (enr:…) or an enode URL.
//
// One that cannot be read does not hide the others: each keeps its text beside what it is, or
// beside why it is nothing. Threads: any; reading a file blocks on it.
#pragma once

#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "conn/base/failure.h"
#include "pex/discovery/contact.h"
#include "pex/discovery/record/enode_url.h"

namespace peerage::cmd {

using NodeName = std::variant<pex::EnrPtr, pex::EnodeUrl>;

struct NamedNode {
  std::string text;
  conn::Result<NodeName> node;
};

conn::Result<NodeName> parse_node(std::string_view text);

// Those that the arguments name. An argument is a record or a URL, "-" for the ones in `in`, or a
// file with them; there they are separated by commas, white space or line ends, and what follows #
// to the end of a line is skipped. A file that cannot be read counts as one that is none.
std::vector<NamedNode> read_nodes(const std::vector<std::string>& arguments, std::istream& in);

// The host that has to be looked up before the node can be asked; empty: none.
std::string name_to_look_up(const NodeName& node);
// Where it is asked. `found`: of its host, when that is a name. A failure says why it cannot be.
conn::Result<pex::Contact> contact_of(const NodeName& node,
                                      const std::optional<conn::IpAddress>& found = std::nullopt);

}  // namespace peerage::cmd

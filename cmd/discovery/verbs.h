// The verbs of `peerage discovery`, each as data (cmd/cli/command.h). Threads: plain values.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "cmd/cli/command.h"
#include "cmd/discovery/node_argument.h"
#include "cmd/discovery/udp_session.h"

namespace peerage::cmd {

Command discovery_id_verb();
Command discovery_ping_verb();
Command discovery_lookup_verb();
Command discovery_crawl_verb();
Command discovery_enr_verb();

// --- shared by them ---

inline constexpr const char* kNodeHelp =
    "enr:... or enode://KEY@HOST:PORT, one or more; a file with them; - for the standard input";

// Where a lookup or a crawl begins: what was named, or else the boot nodes of the home.
struct StartNodes {
  std::vector<std::string> named;
  std::filesystem::path home;
};
// The options for that, and `more` after them.
std::vector<Option> start_options(StartNodes& start, std::vector<Option> more);
// Those of them that are good; the others are reported. Nothing: there is none, which is reported
// as well.
std::optional<std::vector<NamedNode>> good_nodes(const StartNodes& start);
// Where they are asked; who cannot be is reported.
std::vector<pex::Contact> contacts_of(UdpSession& session, const std::vector<NamedNode>& nodes);

}  // namespace peerage::cmd

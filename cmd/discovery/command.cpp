// discovery: asks over UDP, and shows what discovery knows.
#include <iostream>

#include "cmd/cli/commands.h"
#include "cmd/discovery/verbs.h"

namespace peerage::cmd {
namespace {

conn::Failure nobody(std::string what) {
  return {conn::Stage::configuration, conn::Reason::invalid_argument, std::move(what)};
}

}  // namespace

std::vector<Option> start_options(StartNodes& start, std::vector<Option> more) {
  Option home = home_option(start.home);
  home.help = "A node's directory, whose boot nodes are asked when none is named";
  std::vector<Option> options = {{.name = "node", .into = &start.named, .help = kNodeHelp},
                                 std::move(home)};
  for (Option& each : more) options.push_back(std::move(each));
  return options;
}

std::optional<std::vector<NamedNode>> good_nodes(const StartNodes& start) {
  std::vector<std::string> named = start.named;
  if (named.empty()) {
    const auto settings = load_settings(start.home, {});
    if (settings) named = settings->config.discovery.bootnodes;
  }
  std::vector<NamedNode> good;
  for (NamedNode& each : read_nodes(named, std::cin)) {
    if (each.node) {
      good.push_back(std::move(each));
    } else {
      conn::Failure failure = each.node.error();
      failure.detail = each.text + ": " + failure.detail;
      report(failure);
    }
  }
  if (!good.empty()) return good;
  report(
      nobody("name a node to begin with, as enr:... or enode://KEY@HOST:PORT; the home has no "
             "bootnodes in [peerage.discovery]"));
  return std::nullopt;
}

std::vector<pex::Contact> contacts_of(UdpSession& session, const std::vector<NamedNode>& nodes) {
  std::vector<pex::Contact> contacts;
  for (const NamedNode& each : nodes) {
    auto contact = session.contact_of(*each.node);
    if (contact) {
      contacts.push_back(*std::move(contact));
      continue;
    }
    conn::Failure failure = contact.error();
    failure.detail = each.text + ": " + failure.detail;
    report(failure);
  }
  return contacts;
}

Command discovery_command() {
  return {
      .name = "discovery",
      .about = "Ask nodes over UDP (discv4), and read node records",
      .group = kLookGroup,
      .example = "peerage discovery crawl enr:-IS4Q... --network net-1",
      .footer = "ping, lookup and crawl ask with a fresh key from a free port, and keep nothing.",
      .commands = {discovery_id_verb(), discovery_ping_verb(), discovery_lookup_verb(),
                   discovery_crawl_verb(), discovery_enr_verb()}};
}

}  // namespace peerage::cmd

// What `[peerage.discovery]` says: discovery over UDP, off by default.
//
// Each number of pex::DiscoveryLimits is a setting of that name.
//
// Threads: plain values, pure functions.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "conn/address/cidr.h"
#include "conn/base/failure.h"
#include "pex/discovery/limits.h"

namespace peerage::cmd {

struct DiscoveryConfig {
  std::string protocols = "off";                  // "off", "v4", "v5", "both"
  std::string laddr;                              // UDP; empty: IP and port number of p2p.laddr
  std::string key_file = "config/discovery_key";  // relative to the home
  std::vector<std::string> bootnodes;             // enr:..., enode://...
  std::string external_ip = "vote";               // see pex/discovery/external_ip.h
  std::vector<conn::Cidr> net_restrict;           // not empty: nobody outside of them
  bool lookups = true;
  bool random_lookups = true;  // false: all of them for ourselves
  bool only_confirmed_neighbors = false;
  pex::DiscoveryLimits limits;

  bool is_on() const { return protocols != "off"; }
};

// Where it listens: `laddr`, or the IP and port number of `p2p_laddr`, as IP:PORT.
std::string discovery_laddr(const DiscoveryConfig& config, const std::string& p2p_laddr);

// What `protocols` asks for that this version does not have: for the operator, empty when there is
// nothing.
std::string_view missing_protocol(const DiscoveryConfig& config);

// Calls `complain(key, what)` ("peerage.discovery.bootnodes") for each value that is impossible.
using ComplainOfDiscovery = std::function<void(const std::string& key, const std::string& what)>;
void check_discovery(const DiscoveryConfig& config, const ComplainOfDiscovery& complain);

// Calls `visit(name, number)` for each.
template <typename Limits, typename Visit>
void for_each_discovery_limit(Limits& limits, Visit&& visit) {
  visit("bucket_entries", limits.bucket_entries);
  visit("bucket_replacements", limits.bucket_replacements);
  visit("bucket_inbound", limits.bucket_inbound);
  visit("network_in_bucket", limits.network_in_bucket);
  visit("network_in_table", limits.network_in_table);
  visit("inbound_closed", limits.inbound_closed);
  visit("challenge_after", limits.challenge_after);
  visit("v4_revalidation", limits.v4_revalidation);
  visit("v5_revalidation", limits.v5_revalidation);
  visit("ping_tries", limits.ping_tries);
  visit("ping_retry", limits.ping_retry);
  visit("find_tries", limits.find_tries);
  visit("find_again", limits.find_again);
  visit("find_failures", limits.find_failures);
  visit("prune_interval", limits.prune_interval);
  visit("lookup_results", limits.lookup_results);
  visit("lookup_results_random", limits.lookup_results_random);
  visit("lookup_parallel", limits.lookup_parallel);
  visit("lookup_time", limits.lookup_time);
  visit("lookup_step", limits.lookup_step);
  visit("lookup_interval_low", limits.lookup_interval_low);
  visit("lookup_interval_high", limits.lookup_interval_high);
  visit("lookup_interval_idle", limits.lookup_interval_idle);
  visit("command_lookups", limits.command_lookups);
  visit("boot_again", limits.boot_again);
  visit("boot_visits", limits.boot_visits);
  visit("proof_lasts", limits.proof_lasts);
  visit("proofs", limits.proofs);
  visit("proofs_of_network", limits.proofs_of_network);
  visit("v4_request", limits.v4_request);
  visit("v4_expiry", limits.v4_expiry);
  visit("v4_pings_in_flight", limits.v4_pings_in_flight);
  visit("v4_pings_queued", limits.v4_pings_queued);
  visit("v4_pings_answering", limits.v4_pings_answering);
  visit("v4_find_nodes", limits.v4_find_nodes);
  visit("v4_record_questions", limits.v4_record_questions);
  visit("v4_recent_packets", limits.v4_recent_packets);
  visit("record_question", limits.record_question);
  visit("record_tries", limits.record_tries);
  visit("find_node_signed", limits.find_node_signed);
  visit("quiet_after_proof", limits.quiet_after_proof);
  visit("votes_needed", limits.votes_needed);
  visit("vote_round", limits.vote_round);
  visit("record_gather", limits.record_gather);
  visit("inbound_rate", limits.inbound_rate);
  visit("inbound_burst", limits.inbound_burst);
  visit("limited_sources", limits.limited_sources);
  visit("hashed_rate", limits.hashed_rate);
  visit("costly_rate", limits.costly_rate);
  visit("unproven_rate", limits.unproven_rate);
  visit("unproven_burst", limits.unproven_burst);
  visit("unproven_answer", limits.unproven_answer);
  visit("unproven_window", limits.unproven_window);
  visit("told_endpoint_rest", limits.told_endpoint_rest);
  visit("told_ip_pings", limits.told_ip_pings);
  visit("told_hosts", limits.told_hosts);
  visit("datagrams_in", limits.datagrams_in);
  visit("datagrams_out", limits.datagrams_out);
  visit("round", limits.round);
  visit("updates", limits.updates);
  visit("commands", limits.commands);
  visit("records_remembered", limits.records_remembered);
  visit("candidates", limits.candidates);
  visit("candidates_per_second", limits.candidates_per_second);
  visit("rows", limits.rows);
}

// Calls `visit("peerage.discovery", key, member)` for every key.
template <typename Visit>
void for_each_discovery_field(DiscoveryConfig& config, Visit&& visit) {
  static constexpr std::string_view kSection = "peerage.discovery";
  visit(kSection, "protocols", config.protocols);
  visit(kSection, "laddr", config.laddr);
  visit(kSection, "key_file", config.key_file);
  visit(kSection, "bootnodes", config.bootnodes);
  visit(kSection, "external_ip", config.external_ip);
  visit(kSection, "net_restrict", config.net_restrict);
  visit(kSection, "lookups", config.lookups);
  visit(kSection, "random_lookups", config.random_lookups);
  visit(kSection, "only_confirmed_neighbors", config.only_confirmed_neighbors);
  for_each_discovery_limit(config.limits,
                           [&](const char* key, auto& value) { visit(kSection, key, value); });
}

}  // namespace peerage::cmd

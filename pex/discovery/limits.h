// The numbers of discovery, each with its unit and origin. What is the wire's stands beside it
// (v4/wire.h). Every one but the wire's is a default of DiscoveryLimits, so that a test or an
// operator can set it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "conn/base/time.h"

namespace peerage::pex {

struct DiscoveryLimits {
  using Duration = conn::Duration;

  // --- the table (Kademlia; go-ethereum p2p/discover/table.go) ---
  std::size_t bucket_entries = 16;
  std::size_t bucket_replacements = 10;
  // Of a bucket's entries, those that came to us unasked, at most.
  std::size_t bucket_inbound = 10;
  // Of one IPv4 /24 or IPv6 /48: entries and replacements together.
  std::size_t network_in_bucket = 2;
  std::size_t network_in_table = 10;
  // For so long after the start nobody is taken in who comes unasked, unless the first fill is done
  // or there was nobody to ask.
  Duration inbound_closed = std::chrono::seconds(30);
  // A full bucket's oldest entry is asked whether it is still there when its last proof is older.
  Duration challenge_after = std::chrono::seconds(30);

  // --- revalidation: how old a proof may grow, by protocol; looked at each second ---
  Duration v4_revalidation = std::chrono::hours(12);
  Duration v5_revalidation = std::chrono::seconds(30);
  // One that is live, or was when it was stored, is asked so often before it is given up; one that
  // never answered: once.
  unsigned ping_tries = 3;
  Duration ping_retry = std::chrono::seconds(10);
  // A FindNode that nothing answers is sent so often in all, with this pause: a lost datagram is no
  // silence.
  unsigned find_tries = 3;
  Duration find_again = std::chrono::seconds(1);
  unsigned find_failures = 5;  // in a row: then it is pinged first, and may be removed
  Duration prune_interval = std::chrono::seconds(5);

  // --- lookups ---
  std::size_t lookup_results = 16;
  // Of a timer's lookup for a random key, which only brings nodes for the table: each that is asked
  // tells of 16 all the same.
  std::size_t lookup_results_random = 8;
  std::size_t lookup_parallel = 3;
  Duration lookup_time = std::chrono::seconds(20);
  Duration lookup_step = std::chrono::milliseconds(500);  // then it goes on without a silent node
  Duration lookup_interval_low = std::chrono::seconds(1);
  Duration lookup_interval_high = std::chrono::seconds(20);
  // With all peers that we want, while lookups find nothing new (lookup_pace.h); less than
  // lookup_interval_high is that.
  Duration lookup_interval_idle = std::chrono::minutes(2);
  std::size_t command_lookups = 4;
  // While nobody else is known, boot nodes are pinged so often.
  Duration boot_again = std::chrono::seconds(2);
  // Of our lookups for ourselves, one in so many goes by way of a boot node that the table does not
  // hold: two parts of a network that were cut apart meet again there. More of them in a small
  // network. 0: none.
  std::size_t boot_visits = 8;

  // --- discv4 (ethereum/devp2p discv4.md; reth) ---
  Duration proof_lasts = std::chrono::hours(12);
  std::size_t proofs = 4096;
  std::size_t proofs_of_network = 64;  // of one public IPv4 /24 or IPv6 /48
  Duration v4_request = std::chrono::seconds(20);
  Duration v4_expiry = std::chrono::seconds(20);  // of what we send
  std::size_t v4_pings_in_flight = 32;
  std::size_t v4_pings_queued = 32;
  std::size_t v4_pings_answering = 1024;  // that only answer a stranger's ping
  std::size_t v4_find_nodes = 256;        // in flight
  std::size_t v4_record_questions = 256;  // in flight
  std::size_t v4_recent_packets = 32;
  Duration record_question = std::chrono::seconds(10);  // for a node, at most one
  // One that nothing answers is asked so often in all: what a lost datagram has cost would be
  // missing until its node is asked again, in hours.
  unsigned record_tries = 3;
  Duration find_node_signed = std::chrono::seconds(5);
  Duration quiet_after_proof = std::chrono::seconds(1);

  // --- our own address ---
  std::size_t votes_needed = 3;
  Duration vote_round = std::chrono::minutes(5);
  // Changes of our record within this time become one.
  Duration record_gather = std::chrono::seconds(1);

  // --- traffic (token buckets by IPv4 address or IPv6 /64) ---
  std::uint64_t inbound_rate = 20;  // datagrams a second from a public source
  std::uint64_t inbound_burst = 60;
  std::size_t limited_sources = 10'000;
  // Bytes a second that nobody waits for and that are hashed to be told apart: far more than any
  // honest network sends, and a tenth of a core.
  std::uint64_t hashed_rate = 16 << 20;
  std::uint64_t costly_rate = 2000;  // signature checks a second for what nobody waits for
  std::uint64_t unproven_rate = 5;   // datagrams a second to a public IP that has proven nothing
  std::uint64_t unproven_burst = 10;
  // Of what has moved us to send it, in bytes: as many as have come, or one ping's answer (Pong and
  // our Ping, 330 of IPv6), whatever is more; counted in windows.
  std::uint64_t unproven_answer = 340;
  Duration unproven_window = std::chrono::minutes(5);
  // To endpoints that others have named: pings in a minute, to one and to its IP.
  Duration told_endpoint_rest = std::chrono::seconds(60);
  std::size_t told_ip_pings = 3;
  std::size_t told_hosts = 4096;  // remembered; more than can be pinged in that time

  std::size_t datagrams_in = 1024;  // waiting
  std::size_t datagrams_out = 1024;
  std::size_t round = 32;     // datagrams that are handled before the timers get their turn
  std::size_t updates = 512;  // waiting for a subscriber
  std::size_t commands = 100;
  std::size_t records_remembered = 4096;

  // --- what it hands on ---
  std::size_t candidates = 10'000;
  std::uint64_t candidates_per_second = 4;
  std::size_t rows = 1024;
};

}  // namespace peerage::pex

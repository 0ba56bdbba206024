// The address book's limits and rules as numbers, each with its origin.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <vector>

#include "addrbook/book/placement.h"
#include "addrbook/record/known_address.h"
#include "conn/address/cidr.h"

namespace peerage::addrbook {

struct BookConfig {
  // addr_book_strict: whether private, loopback and other addresses that the internet does not
  // route are refused. When `no`, those are also free of the caps below, and their gossip is not
  // rate-limited.
  conn::IpAddress::Strict strict = conn::IpAddress::Strict::yes;
  // Free of the caps below, and their gossip is not rate-limited.
  std::vector<conn::Cidr> exempt_networks;
  // Never kept, and so never passed on; AddressBook::set_private_ids replaces them.
  std::set<conn::NodeId> private_ids;

  // Addresses of one host (an IPv4 address, an IPv6 /64) and of its neighbourhood (/24, /48) that
  // we have from hearsay, and those that are first-hand (is_first_hand). Exempt ones are not
  // counted either, nor what the operator configured (Origin::configuration).
  std::size_t max_per_host = 2;
  std::size_t max_per_neighbourhood = 8;
  std::size_t max_first_hand_per_host = 4;
  std::size_t max_first_hand_per_neighbourhood = 32;
  // Addresses of an ID from hearsay while none has answered, in all and from one source group; and
  // those that it named itself, or that answered.
  std::size_t max_candidates = 8;
  std::size_t max_candidates_per_source = 2;
  std::size_t max_first_hand_per_id = 4;

  // Addresses that one source group may tell us unasked, and after a request of ours (Bitcoin Core:
  // MAX_ADDR_RATE_PER_SECOND and its processing bucket).
  double told_per_second = 0.1;
  double told_burst = 10;
  double told_after_request = 1000;

  // Whether two verifications an hour apart make an address tried: for seeds, which visit only
  // briefly.
  enum class TriedByVisits : std::uint8_t { no, yes } tried_by_visits = TriedByVisits::no;

  // Countermeasures that an experiment switches off, to see what each is worth (sources by socket
  // and the caps can be switched off by the caller already). No node has a reason to.
  enum class Displace : std::uint8_t { only_bad, any } displace_new = Displace::only_bad;
  enum class Evict : std::uint8_t { after_test, at_once } evict_tried = Evict::after_test;

  Geometry geometry;

  // Free of the caps, and not rated.
  bool exempts(const conn::IpAddress& ip) const {
    return (strict == conn::IpAddress::Strict::no && !ip.routable()) ||
           conn::any_contains(exempt_networks, ip);
  }
  // Whether it counts for the caps of its host and neighbourhood.
  bool is_capped(const KnownAddress& known) const {
    return known.origin != Origin::configuration && !exempts(known.address.endpoint.ip);
  }
};

// An address is tried after a session that lasted this long and brought a message.
inline constexpr Seconds kTriedSession = std::chrono::minutes(30);
inline constexpr Seconds kTriedVisits = std::chrono::hours(1);

// When a new address may be replaced: as Bitcoin Core's IsTerrible and comet's isBad have it.
inline constexpr Seconds kJustTried = std::chrono::minutes(1);  // then it is not replaced
inline constexpr std::uint32_t kFailuresNeverMet = 3;
inline constexpr std::uint32_t kFailuresOnceMet = 10;
inline constexpr Seconds kOnceMetLimit = std::chrono::days(7);
inline constexpr Seconds kUnheardOfLimit = std::chrono::days(30);
// When it is given up (comet: maxAttemptsToDial).
inline constexpr std::uint32_t kFailuresToForget = 16;

// Proving another ID than the one dialled.
inline constexpr std::uint8_t kWrongIdsToForget = 2;
// A node of another network is not dialled again for this long.
inline constexpr Seconds kOtherNetworkRest = std::chrono::days(7);
// Nothing is bad for ever.
inline constexpr Seconds kMaxRest = std::chrono::days(365);

// Testing a tried address before it is displaced (Bitcoin Core: ADDRMAN_SET_TRIED_COLLISION_SIZE,
// ADDRMAN_REPLACEMENT).
inline constexpr std::size_t kMaxContests = 10;
inline constexpr Seconds kHolderIsFine = std::chrono::hours(4);
// A failed test dial says something about the holder only while we can connect to others.
inline constexpr Seconds kAbleToConnect = std::chrono::minutes(10);
inline constexpr Seconds kContestLimit = std::chrono::days(1);

// Answers (comet: needAddressThreshold, getSelectionPercent, minGetSelection, maxGetSelection).
inline constexpr std::size_t kEnoughAddresses = 1000;
inline constexpr std::size_t kSelectionPercent = 23;
inline constexpr std::size_t kMinSelection = 32;
inline constexpr std::size_t kMaxSelection = 250;
// What a seed serves.
inline constexpr Seconds kVerifiedLimit = std::chrono::hours(24);
inline constexpr std::size_t kServedPerNeighbourhood = 10;
// One that failed this often since it last answered is not served, however recent that was.
inline constexpr std::uint32_t kFailuresToHide = 2;

inline constexpr std::size_t kMaxAnchors = 3;
inline constexpr std::size_t kMaxOwnAddresses = 16;
// Erased rows listed one by one; beyond that all rows are written anew.
inline constexpr std::size_t kMaxErased = 20'000;
// How often merely hearing of an address again changes its record; and from the node itself.
inline constexpr Seconds kSeenResolution = std::chrono::minutes(20);
inline constexpr Seconds kSaidResolution = std::chrono::minutes(1);

// A connection that something came over so lately shows that our own network works.
inline constexpr Seconds kHeardLately = std::chrono::seconds(30);
// For how long a node that says it has moved waits to be visited.
inline constexpr Seconds kMoveLimit = std::chrono::minutes(10);

}  // namespace peerage::addrbook

// The limits of peer exchange, each with its origin.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "conn/runtime/runtime.h"

namespace peerage::pex {

// How often others may ask us. A Go node asks twice at will and then at most each 10 s, on each
// connection; one that asks its seed asks it again a moment after the answer.
struct RequestLimits {
  // Answers for one host (IPv6: /64), and for its neighbourhood (/24, /48): a burst, then one each
  // `pause`.
  std::uint64_t host_burst = 3;
  conn::Duration host_pause = std::chrono::seconds(10);
  std::uint64_t neighbourhood_burst = 24;
  conn::Duration neighbourhood_pause = std::chrono::seconds(1);
  // Of a host's burst, what only those of its nodes get that were sent no addresses within
  // `memory`: else nodes of a host that never have enough peers leave nothing for one that is new.
  std::uint64_t host_reserve = 0;
  // A request this soon after a node's last answer is not answered, and costs nothing.
  conn::Duration together = std::chrono::seconds(0);
  // Unanswered requests of one host that are put up with: a burst, then one each `flood_pause`. It
  // is beyond what any number of honest nodes of a host sends.
  std::uint64_t flood_burst = 1000;
  conn::Duration flood_pause = std::chrono::milliseconds(100);
  // Offences of one host within `memory` that bring a ban of `ban`; each ends its connection.
  std::uint32_t offences_to_ban = 2;
  conn::Duration ban = std::chrono::minutes(10);
  conn::Duration memory = std::chrono::minutes(10);
  // Lists with entries that no node can have, from one host, that make an offence.
  std::uint32_t bad_lists = 3;
};
// A seed's clients want one answer each.
inline constexpr RequestLimits kSeedRequestLimits = {.host_burst = 6,
                                                     .host_pause = std::chrono::minutes(1),
                                                     .neighbourhood_burst = 16,
                                                     .neighbourhood_pause = std::chrono::seconds(4),
                                                     .host_reserve = 4,
                                                     .together = std::chrono::seconds(2)};

// How often we ask: no honest node may have a reason to ban us. A Go node accepts two requests on a
// connection at any time and others not within 10 s of the one before; a margin for its clock and
// for delays of the network.
inline constexpr std::uint32_t kFreeRequests = 2;
inline constexpr conn::Duration kRequestPause = std::chrono::seconds(12);

// Asking the configured seeds. All but the last double up to `cap`, and are shorter at random.
struct SeedPauses {
  // Before a seed that answered is asked again.
  conn::Duration each = std::chrono::seconds(15);
  // Before a seed that could not be reached, or had no slot for us, is asked again.
  conn::Duration retry = std::chrono::seconds(4);
  conn::Duration cap = std::chrono::minutes(10);
  // Before another may be asked, unless this one failed; 0: at once.
  conn::Duration between = std::chrono::seconds(15);
};

// Keeping the outbound set full.
struct OutboundLimits {
  // In any second, including those that the switch begins itself.
  std::size_t dials_per_second = 2;
  // One outbound peer of a group until there are `diverse`, then up to `per_group` of one. A
  // preference: when other groups have nothing, it does not hold.
  std::size_t diverse = 5;
  std::size_t per_group = 2;
  // Percent of the outbound peers that are not drawn at random: the longest known. An attacker that
  // fills the book is drawn often, and never leaves: without this, it replaces honest peers, which
  // do leave, one by one (spec/eclipse.md).
  std::size_t chosen_percent = 60;
  // How often, on average, one of those that were drawn gives its place to another; 0: never.
  conn::Duration rotation_pause = std::chrono::hours(1);
  // A book is fresh until its first tried address has been verified for this long; until then all
  // are drawn, and one gives its place to another at this pause.
  std::chrono::seconds settling = std::chrono::hours(6);
  conn::Duration settling_pause = std::chrono::minutes(5);
  // How often, on average, a look is taken for a node that we have known for longer than a chosen
  // peer; 0: never.
  conn::Duration return_pause = std::chrono::minutes(1);
  // Pause before an address is dialled again; doubled for each failure, at most `redial_cap`.
  std::chrono::seconds redial = std::chrono::seconds(15);
  std::chrono::seconds redial_cap = std::chrono::hours(1);
  // A dial to see whether an address is alive: one each `feeler_pause` on average, at most
  // `feelers_per_group` a day in one group (Bitcoin Core: FEELER_INTERVAL; the quota is ours: else
  // feelers would promote an attacker that fills the new table).
  conn::Duration feeler_pause = std::chrono::minutes(2);
  std::uint32_t feelers_per_group = 4;
  // Between two dials to nodes that say themselves that they have moved.
  conn::Duration moved_pause = std::chrono::seconds(10);
  // When the book cannot serve.
  SeedPauses seeds;
  // Asked at once by a node that has no tried address.
  std::size_t first_seeds = 3;
  // Once, when a seed had no addresses for us and the book is empty: it may be as new as we are,
  // and have met others by then.
  conn::Duration seed_second_look = std::chrono::seconds(3);
  // Asking peers for more (comet: ensurePeersPeriod); with a full set the pause doubles while
  // nothing new is heard.
  conn::Duration ask_pause = std::chrono::seconds(30);
  conn::Duration ask_pause_cap = std::chrono::minutes(16);
  // Whether pauses are made shorter at random, so that many nodes that failed at the same moment do
  // not come back together. An experiment switches that off; no node has a reason to.
  enum class Spread : std::uint8_t { random, none } spread = Spread::random;
};

// A seed's inbound slots, where none are set. A client that asks and goes holds one for some
// hundred milliseconds, one that lingers for up to CrawlLimits::client_life: with the 40 of a node,
// a seed with 1 000 clients a second sends one in five away. Each takes a descriptor.
inline constexpr std::uint32_t kSeedInboundPeers = 512;

// A seed's visits.
struct CrawlLimits {
  std::size_t parallel = 16;
  // From the dial to the answer, at most.
  conn::Duration visit = std::chrono::seconds(5);
  // Between two dials of one IP address and port (comet: minTimeBetweenCrawls).
  conn::Duration pause = std::chrono::minutes(2);
  // How many of those are remembered.
  std::size_t remembered = 50'000;
  // Clients of one host at a time, unless the operator says otherwise. Nodes of one host that were
  // started together ask at the same moment for ever: a Go node's pause is 30 s exactly.
  std::size_t clients_per_host = 4;
  // How long a client may stay that asks for nothing, or that its answer does not disconnect.
  conn::Duration client_life = std::chrono::minutes(5);
  // The same for one that says that it has moved: while it is connected it cannot be visited.
  conn::Duration moved_client_life = std::chrono::seconds(20);
  // How often a persistent peer is asked for addresses.
  conn::Duration ask_pause = std::chrono::minutes(2);
  // Whether what discovery has found takes a turn of its own, besides what peers tell of.
  enum class Discovered : std::uint8_t { no, yes } discovered = Discovered::no;
  // Configured seeds are visited side by side, like others.
  SeedPauses seeds = {.between = conn::Duration(0)};
};
// From a visit to the next: kUnprovenPause after the first answered ones; kProvenPauses when nine
// of ten were answered in the window of 2 h, 8 h, 1 d, 7 d, 30 d (addrbook/record/reliability.h).
inline constexpr std::chrono::seconds kUnprovenPause = std::chrono::minutes(10);
inline constexpr std::array<std::chrono::seconds, 5> kProvenPauses = {
    std::chrono::minutes(20), std::chrono::minutes(30), std::chrono::hours(1),
    std::chrono::hours(2), std::chrono::hours(4)};
// When it failed; doubled for each failure.
inline constexpr std::chrono::seconds kFailedPause = std::chrono::minutes(5);
inline constexpr std::chrono::seconds kFailedPauseCap = std::chrono::hours(12);

// How long a peer that broke the rules of peer exchange is neither dialled nor given out; and, at
// most, one that is found to be banned.
inline constexpr std::chrono::seconds kMisbehavedRest = std::chrono::hours(1);
inline constexpr std::chrono::seconds kBannedRest = std::chrono::hours(1);
// How long we do not ask the switch again for an address that it would not dial.
inline constexpr conn::Duration kRefusedPause = std::chrono::seconds(15);
// How often sessions that go on are noted in the books.
inline constexpr conn::Duration kNotePause = std::chrono::minutes(1);

}  // namespace peerage::pex

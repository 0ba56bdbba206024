// What a crawl has found out, as a report: for people, as JSON for programs, as CSV for
// spreadsheets.
//
// A row is one address, that is an ID at a host and port: a node that is claimed at three addresses
// has three rows, of which at most one is reachable. What came from the network is made printable
// here.
//
// Threads: pure functions of plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "addrbook/record/known_address.h"
#include "conn/address/net_address.h"
#include "conn/base/failure.h"
#include "conn/runtime/runtime.h"
#include "pex/exchange/counts.h"

namespace peerage::cmd {

// The outcome for an address. In the order in which they are listed.
enum class Outcome : std::uint8_t {
  reachable,      // it proved its ID and named our network; it may have had no slot for us
  guarded,        // it proved its ID and closed before its NodeInfo
  other_network,  // it proved its ID and named another network
  unreachable,    // it was visited without such a result
  not_visited,    // it was only heard of
};
inline constexpr std::size_t kOutcomeCount = 5;
// Stable, for programs: "reachable", "other_network", ...
std::string_view name(Outcome outcome) noexcept;

struct CrawlRow {
  conn::NodeId id;
  std::string host;  // the IP address; a seed's name when it could not be resolved
  std::uint16_t port = 0;
  Outcome outcome = Outcome::not_visited;
  // Why it is not a peer. A reachable node has one, too, when it had no slot or did not answer.
  std::optional<conn::Failure> failure;
  // What it answered when it was asked for addresses; of a reachable node alone.
  std::optional<pex::AnswerCounts> answer;
  std::string moniker, version, network;  // what it said of itself; empty: nothing
  std::uint32_t round_trip_us = 0;        // 0: not measured
  std::uint32_t visits = 0;
  addrbook::Time first_seen = addrbook::kNever;
  addrbook::Time last_visit = addrbook::kNever;
  std::string told_by;  // the IP address that told of it first; "seed" for those that were given
};

struct CrawlResult {
  enum class Ended : std::uint8_t { all_visited, time_over, interrupted };
  std::string network;
  addrbook::Time began = addrbook::kNever;
  conn::Duration lasted{0};
  Ended ended = Ended::all_visited;
  std::vector<CrawlRow> rows;
};

// The figures of a crawl.
struct CrawlSummary {
  std::size_t heard = 0;
  std::size_t visited = 0;
  std::map<Outcome, std::size_t> outcomes;
  struct Count {
    std::string what;
    std::size_t nodes = 0;
    bool operator==(const Count&) const = default;
  };
  std::vector<Count> versions;        // of reachable nodes, the most frequent first
  std::vector<Count> other_networks;  // likewise
  struct Trouble {
    conn::Stage stage = conn::Stage::connect;
    conn::Reason reason = conn::Reason::io_error;
    std::size_t nodes = 0;
    bool operator==(const Trouble&) const = default;
  };
  std::vector<Trouble> troubles;  // by stage, then the most frequent first
  struct RoundTrips {
    std::uint32_t p50 = 0, p90 = 0, p99 = 0, most = 0;  // microseconds
  };
  std::optional<RoundTrips> round_trips;  // of reachable nodes, when any was measured

  // Peer exchange: of the reachable nodes, those that answered a request for addresses, what was in
  // their answers, and why others did not answer. A visit that was cut short is neither.
  std::size_t answered = 0;
  pex::AnswerCounts answers;
  std::vector<Trouble> silent;  // the most frequent first

  std::size_t count(Outcome outcome) const;
};
CrawlSummary summarise(const CrawlResult& result);

// Of a crawl in which nobody answered a request for addresses, so that it says nothing of the
// network: the commonest reason, with what that means as its detail. Nothing when anybody answered.
std::optional<conn::Failure> nobody_answered(const CrawlSummary& summary);

// For people. When nobody answered, that comes first.
std::string crawl_text(const CrawlResult& result);
// One object, with the figures and all rows, on one line; `failure` in it is nobody_answered.
std::string crawl_json(const CrawlResult& result);
// RFC 4180, with a header.
std::string crawl_csv(const CrawlResult& result);

}  // namespace peerage::cmd

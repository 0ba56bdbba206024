// What a crawl over UDP has found out, as a report: for people, as JSON for programs, and as a list
// of records.
//
// A row is one node. What it says of networks is its record's word; who dials it (`peerage probe`)
// knows. Versions are those that records name (EIP-7636): discv4 itself has none.
//
// Threads: pure functions of plain values.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "cmd/discovery/crawl.h"

namespace peerage::cmd {

struct DiscoveryCrawlResult {
  enum class Ended : std::uint8_t { all_asked, time_over, interrupted };
  Ended ended = Ended::all_asked;
  std::string network;  // the nodes of this one alone are shown; empty: all
  conn::Duration lasted{0};
  std::vector<CrawledNode> nodes;
  std::size_t left_out = 0;  // told of, and there was no place for them
};

// The figures, of all nodes, also of those that are not shown.
struct DiscoveryCrawlSummary {
  struct Count {
    std::string what;
    std::size_t nodes = 0;
    bool operator==(const Count&) const = default;
  };
  std::size_t heard = 0, asked = 0, live = 0;
  std::size_t with_record = 0;  // of the live ones
  std::size_t comet = 0;        // of these: with a comet node
  std::vector<Count> networks;  // of live nodes, the most frequent first; a node may have several
  std::vector<Count> clients;   // likewise; empty text: it names none
};
DiscoveryCrawlSummary summarise(const DiscoveryCrawlResult& result);

// A table of nodes, live ones first, then the figures.
std::string crawl_text(const DiscoveryCrawlResult& result);
// One object, with the figures and the nodes, on one line.
std::string crawl_json(const DiscoveryCrawlResult& result);
// The records of the live nodes, each on a line.
std::string crawl_records(const DiscoveryCrawlResult& result);

}  // namespace peerage::cmd

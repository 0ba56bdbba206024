// A book's rows as a seed lists them, for tests of the lists.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cmd/addrbook/served.h"
#include "cmd/status/served_addresses.h"
#include "tests/support/book_fixture.h"
#include "tests/support/book_rows.h"

namespace peerage::test {

// Verified so long before kBookNow, in a neighbourhood of its own; it says that it is "node N".
inline addrbook::KnownAddress verified_row(std::uint32_t number,
                                           Seconds before = std::chrono::minutes(10)) {
  addrbook::KnownAddress row;
  row.address = scattered(number);
  row.source = ip("77.7.7.7");
  row.kind = addrbook::Kind::tried;
  row.first_seen = kBookNow - std::chrono::days(3);
  row.last_seen = row.last_attempt = row.last_connected = row.verified_since = row.last_verified =
      kBookNow - before;
  row.attempts = 1;
  row.round_trip_us = 12'500;
  row.reliability.record(addrbook::Outcome::succeeded, row.last_verified);
  row.facts = std::make_shared<const addrbook::NodeFacts>(addrbook::NodeFacts{
      "node " + std::to_string(number), "0.38.25", {conn::ChannelId{0x20}, conn::kPexChannel}});
  return row;
}

inline std::vector<addrbook::KnownAddress> verified_rows(std::uint32_t first, std::uint32_t end) {
  std::vector<addrbook::KnownAddress> rows;
  for (std::uint32_t i = first; i < end; ++i) rows.push_back(verified_row(i));
  return rows;
}

inline std::shared_ptr<const addrbook::BookConfig> rules(addrbook::BookConfig config = {}) {
  return std::make_shared<const addrbook::BookConfig>(std::move(config));
}

inline void say(addrbook::KnownAddress& row, std::string moniker, std::string version = "0.38.25") {
  row.facts = std::make_shared<const addrbook::NodeFacts>(
      addrbook::NodeFacts{std::move(moniker), std::move(version), {}});
}

}  // namespace peerage::test

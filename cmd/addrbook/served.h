// Lists of addresses for everybody who asks: which addresses of a book are on them, and in which
// order.
//
// On them is what a seed's answer over peer exchange may hold (AddressBook::verified_selection):
// addresses that we have verified ourselves within kVerifiedLimit, that do not rest and have not
// failed again since; of an ID the one where it showed itself last; and never a private ID. Those
// that stand in the book because the operator's settings name them are not on them either.
// Where we have heard of an address is nobody's business: the IPs of those that told us are left
// out.
//
// The order is drawn, better records more often in front. Whoever takes some takes the first that
// suit, so all who ask alike get the same until it is drawn anew: asking often harvests nothing.
//
// Threads: plain values, pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "addrbook/book/limits.h"
#include "addrbook/record/known_address.h"
#include "conn/base/random.h"

namespace peerage::cmd {

// A short list for people, as long as they like to paste; and the longest one.
inline constexpr std::size_t kShortList = 30;
inline constexpr std::size_t kLongestLine = addrbook::kMaxSelection;

// What is served of one network's book.
struct ServedNetwork {
  std::string chain_id;
  std::vector<addrbook::KnownAddress> addresses;  // as they were drawn; `source` is their own IP
  std::size_t known = 0;                          // addresses in the book
  std::shared_ptr<const addrbook::BookConfig> rules;
};

// At most `most` addresses of the rows of this network's book.
ServedNetwork draw_served(std::string chain_id, std::span<const addrbook::KnownAddress> rows,
                          std::shared_ptr<const addrbook::BookConfig> rules, std::size_t most,
                          conn::Random& random, addrbook::Time now);

// What is wanted of a list.
struct ServedQuery {
  std::size_t most = kShortList;
  std::string version_prefix{};                // of what the node says that it runs
  std::optional<addrbook::Seconds> max_age{};  // since it was verified
  // At most one of a neighbourhood (/24, /48), but for those that the caps of the book do not count
  // either: so one operator cannot fill a short list.
  enum class Spread : std::uint8_t { no, yes } spread = Spread::yes;
  // Only those that speak peer exchange alone, as seeds do.
  enum class Seeds : std::uint8_t { also, only } seeds = Seeds::also;
};

using ServedRows = std::vector<const addrbook::KnownAddress*>;
// They point into `network`.
ServedRows take_served(const ServedNetwork& network, const ServedQuery& query, addrbook::Time now);

// "ID@IP:PORT,ID@IP:PORT": no blank, no line end. What a config.toml takes for persistent_peers and
// seeds.
std::string peers_line(const ServedRows& rows, char separator = ',');

}  // namespace peerage::cmd

// The parameters of the lists over HTTP, and what is wrong with them.
//
//   n=30         at most 30 addresses of each network
//   network=ID   of this network; needed for one line or one file when several are served
//   version=0.38 only nodes that say they run a version that begins so
//   max_age=2h   only those verified within this time (seconds without a unit)
//   sep=lf       an address to a line, instead of commas
//
// What is not asked for in this way (an unknown name, one twice, a value out of range) is answered
// by an error that says how to ask: a script that is not understood shall not get another list.
//
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "cmd/addrbook/served.h"

namespace peerage::cmd {

// An answer that is none. `error` and `hint` may name what was asked for: they go into JSON alone.
struct ListsProblem {
  unsigned status = 400;
  std::string error;
  std::string hint;  // what to do
};

// Which parameters a route has.
enum class ListsForm : std::uint8_t {
  line,        // all of them; n at most kLongestLine
  rows,        // n is not bounded; no sep
  of_network,  // of a line, but the network stands in the path, and no sep
  file,        // network
  bare,        // none
};

struct ListsQuery {
  std::optional<std::string> network;
  ServedQuery served;  // Spread::no for rows
  char separator = ',';
};
// `query` as it was sent.
tl::expected<ListsQuery, ListsProblem> parse_lists_query(std::string_view query, ListsForm form);

}  // namespace peerage::cmd

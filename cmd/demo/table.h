// What a node's log says of the node, and a table of several.
//
// A node of the demo is followed as an operator would follow it: by the lines of its JSON log, of
// which `summary` has the figures.
//
// Threads: plain values and pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "conn/runtime/runtime.h"

namespace peerage::cmd {

struct NodeView {
  std::string name;      // "node-3"
  std::string address;   // "127.7.3.1:26656"
  std::string id;        // its node ID
  bool up = false;       // its process runs
  bool started = false;  // it listens

  // Of the last summary.
  std::size_t in = 0, out = 0, peers = 0;
  std::size_t book_new = 0, book_old = 0, verified = 0;

  std::optional<std::size_t> book_at_start;  // addresses that its book held when it started
  std::uint64_t summaries = 0;               // since it started
  std::string last_event;                    // printable, short
  std::string error;                         // the last line of level error

  // Its process has been started: what it logs from now on is of this life.
  void begin_life();
  void end_life(std::string event);
};

// Names for IDs, so that a table says "node-3" and not 40 digits.
using Names = std::map<std::string, std::string>;

// Takes in a line of the node's log, and returns what in it is news to a reader, if anything. Lines
// that are no log records are ignored.
std::optional<std::string> take_log_line(NodeView& node, std::string_view line, const Names& names);

// A row for each node, under a head.
std::string table_text(const std::vector<NodeView>& nodes);

// "12.3 s".
std::string seconds_text(conn::Duration span);

}  // namespace peerage::cmd

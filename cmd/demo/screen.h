// How the demo is shown: on a terminal a table that is redrawn under the lines that stay; elsewhere
// lines alone, each with the time.
//
// Threads: one.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "cmd/demo/table.h"
#include "conn/runtime/runtime.h"

namespace peerage::cmd {

class DemoScreen {
 public:
  enum class View : std::uint8_t { table, lines };
  explicit DemoScreen(View view) : view_(view) {}
  DemoScreen(const DemoScreen&) = delete;
  DemoScreen& operator=(const DemoScreen&) = delete;

  // A line that stays.
  void say(std::string_view text);
  // What has happened to a node: a line of its own where there is no table.
  void event(conn::Duration since_start, const std::string& node, const std::string& what);
  // The current state; nothing where there is no table.
  void show(const std::vector<NodeView>& nodes);
  // The table stays where it is.
  void settle() { shown_.clear(); }

 private:
  void clear();

  View view_;
  std::string shown_;  // the table that stands below the lines
};

}  // namespace peerage::cmd

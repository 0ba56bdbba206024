// A verb that is to be put into a node's table (NodeControl::add).
//
// Threads: plain values.
#pragma once

#include <string_view>

#include "cmd/ctl/node_control.h"

namespace peerage::cmd {

struct NamedVerb {
  std::string_view name;  // as cmd/ctl/verbs.h has it
  NodeControl::Verb run;
  NodeControl::Runs where = NodeControl::Runs::on_the_control_shard;
};

}  // namespace peerage::cmd

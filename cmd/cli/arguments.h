// The command line of a tenderseed, turned into ours.
//
// It has options of one dash before the subcommand: `-home X -config Y -chain-id Z -seeds S start`,
// with "-home=X" and two dashes as well. They are moved behind the subcommand under our names.
// -config, -chain-id and -seeds are a tenderseed's alone: with one of them `start` is `seed`,
// `show-node-id` makes a key if there is none, and the home is ~/.tenderseed if none is named; they
// get --tenderseed. All other command lines are left as they are.
//
// Source: tenderseed's main.go; Go's flag package. Threads: a pure function.
#pragma once

#include <string>
#include <vector>

namespace peerage::cmd {

// Without the program's name.
std::vector<std::string> normalise_arguments(std::vector<std::string> arguments);

}  // namespace peerage::cmd

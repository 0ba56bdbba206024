// What --help prints: for the program, the groups of its commands; for a command, its options, an
// example and its footer. No line is wider than kTextWidth (cmd/base/text_wrap.h), and lines break
// between words.
//
// It is made from the same data as the parser, and knows no parser.
// Threads: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "cmd/cli/command.h"

namespace peerage::cmd {

std::string program_help(const Program& program);
// `path`: as it is called, "peerage addrbook list".
std::string command_help(std::string_view path, const Command& command);

}  // namespace peerage::cmd

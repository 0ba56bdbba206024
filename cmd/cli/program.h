// Reads a command line by the data of a Program, and runs the command.
//
// Every command has --help, and the program a command `help` that prints the same.
// Threads: the caller's, until the chosen command is done.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "cmd/cli/command.h"

namespace peerage::cmd {

// `arguments` are those after the program's name. The exit code is that of the chosen command; 0
// when help or the version was asked for; 64, or what the command has for it, with the mistake on
// `err`, for a wrong command line; 1, reported as well, when a command throws.
int run_program(const Program& program, std::vector<std::string> arguments, std::ostream& out,
                std::ostream& err);

}  // namespace peerage::cmd

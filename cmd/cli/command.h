// A command line as data: which commands a program has, what options each of them takes, and where
// the values go.
//
// A command's own file declares this data and includes no parser; cmd/cli/program.cpp alone turns
// it into one (CLI11, which takes many seconds to compile). Anything else that describes the
// command line reads the same data.
//
// Threads: plain values. An option points to where its value goes; the command's `run` keeps that
// alive, usually by a shared pointer that it captures.
#pragma once

#include <concepts>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace peerage::cmd {

struct Option {
  // Takes a value as it was written. Returns what is wrong with it, or nothing.
  using Taker = std::function<std::optional<std::string>(const std::string& text)>;
  // Where the value goes, which is also what kind of option it is: a flag, a text, several texts,
  // a number. One that was not given leaves it as it is.
  using Destination =
      std::variant<bool*, std::string*, std::optional<std::string>*, std::filesystem::path*,
                   std::vector<std::string>*, std::uint32_t*, std::uint64_t*, double*, Taker>;
  // Of a number; both ends are within.
  struct Range {
    double least = 0, most = 0;
  };

  std::string name;  // "--seeds"; without dashes it is positional
  Destination into{};
  std::string help{};
  std::string example{};          // of a value: "ID@HOST:PORT,..."
  std::string default_text{};     // as help shows it; empty: not at all
  std::string implied{};          // of a text: what the bare option says; empty: it needs a value
  std::string group = "Options";  // of help; empty: not shown
  bool required = false;
  std::optional<Range> range{};
  std::vector<std::string> choices{};   // no other value is taken
  std::vector<std::string> excludes{};  // names of options of the same command
};

struct Command {
  std::string name;
  std::string about{};
  std::vector<std::string> aliases{};
  std::vector<Option> options{};
  std::string group = "Commands";   // of help of what it belongs to
  std::string example{};            // of help: command lines, one a line
  std::string footer{};             // of help
  std::vector<Command> commands{};  // one of them has to be named, if there are any
  std::function<int()> run{};       // the exit code; of a command that has none of its own below it
  int usage_exit = 64;              // the exit code for a wrong line; of a command of the program
};

struct Program {
  std::string name;
  std::string about{};
  std::string version{};  // what --version prints; empty: there is no such option
  std::string example{};  // of help
  std::vector<Command> commands{};
};

// For Option::default_text: what the destination holds before the command line is read.
std::string default_of(double number);
std::string default_of(std::unsigned_integral auto number) {
  return std::to_string(number);
}
inline const std::string& default_of(const std::string& text) {
  return text;
}
inline std::string default_of(const std::filesystem::path& path) {
  return path.string();
}

}  // namespace peerage::cmd

#include "cmd/cli/arguments.h"

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>

namespace peerage::cmd {
namespace {

struct Option {
  std::string_view name;   // theirs
  std::string_view ours;   // with its dashes
  bool tenderseeds_alone;  // no other program has it before a subcommand
};
constexpr std::array<Option, 4> kOptions = {{{"home", "--home", false},
                                             {"config", "--config", true},
                                             {"chain-id", "--network", true},
                                             {"seeds", "--seeds", true}}};

struct Given {
  const Option* option = nullptr;
  std::optional<std::string> value;  // of "-home=X"
};

Given as_option(std::string_view argument) {
  if (argument.size() < 2 || argument.front() != '-') return {};
  argument.remove_prefix(argument[1] == '-' ? 2 : 1);
  const std::size_t equals = argument.find('=');
  for (const Option& each : kOptions) {
    if (argument.substr(0, equals) != each.name) continue;
    Given given{&each, std::nullopt};
    if (equals != std::string_view::npos) given.value = argument.substr(equals + 1);
    return given;
  }
  return {};
}

}  // namespace

std::vector<std::string> normalise_arguments(std::vector<std::string> arguments) {
  std::vector<std::pair<const Option*, std::string>> given;
  std::size_t next = 0;
  for (; next < arguments.size(); ++next) {
    Given each = as_option(arguments[next]);
    if (each.option == nullptr) break;
    if (!each.value) {
      if (next + 1 == arguments.size()) return arguments;  // its value is missing
      each.value = arguments[++next];
    }
    given.emplace_back(each.option, std::move(*each.value));
  }
  // None, or no subcommand after them: left to the parser.
  if (given.empty() || next == arguments.size() || arguments[next].starts_with('-')) {
    return arguments;
  }

  std::string& command = arguments[next];
  const bool shows_id = command == "show-node-id" || command == "show_node_id";
  const bool starts = command == "start";
  bool tenderseed = false, home = false;
  for (const auto& [option, value] : given) {
    tenderseed = tenderseed || (option->tenderseeds_alone && (starts || shows_id));
    home = home || option->name == "home";
  }
  if (tenderseed && starts) command = "seed";
  std::vector<std::string> ours = {std::move(command)};
  for (auto& [option, value] : given) {
    // An ID does not depend on the network.
    if (shows_id && (option->name == "chain-id" || option->name == "seeds")) continue;
    ours.push_back(std::string(option->ours) + "=" + value);
  }
  if (tenderseed && !home) ours.emplace_back("--home=~/.tenderseed");
  if (tenderseed) ours.emplace_back("--tenderseed");
  if (tenderseed && shows_id) ours.emplace_back("--create");
  for (std::size_t i = next + 1; i < arguments.size(); ++i) {
    ours.push_back(std::move(arguments[i]));
  }
  return ours;
}

}  // namespace peerage::cmd

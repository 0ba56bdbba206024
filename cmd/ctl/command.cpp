// ctl: asks a running node. The command line is made from the table of verbs.
#include <algorithm>
#include <charconv>
#include <deque>
#include <iostream>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

#include <sys/ioctl.h>
#include <unistd.h>

#include "cmd/base/control_client.h"
#include "cmd/base/control_output.h"
#include "cmd/cli/commands.h"
#include "cmd/ctl/request.h"
#include "cmd/ctl/verbs.h"
#include "conn/base/bytes.h"
#include "conn/base/split_list.h"

namespace peerage::cmd {
namespace {

using Kind = CtlParameter::Kind;
using Place = CtlParameter::Place;
using Needed = CtlParameter::Needed;
using Effect = CtlVerb::Effect;
template <typename T>
using Checked = tl::expected<T, CtlError>;

constexpr const char* kLooks = "Look";
constexpr const char* kChanges = "Change";
constexpr const char* kExitCodes =
    "Exit code: 0 when it is done, or was so already; 1 when the node refused or failed; 2 for a "
    "wrong command line; 3 when no node is there; 4 when it did not answer in time; 5 when this "
    "user may not ask.";

// What stands before the verb, or behind it.
struct Common {
  std::filesystem::path home;
  std::filesystem::path socket;
  bool json = false;
  std::string timeout = "10s";
};

// What was given for a parameter.
struct Given {
  const CtlParameter& parameter;
  std::optional<std::string> text{};
  bool flag = false;
};
using Arguments = std::deque<Given>;

tl::unexpected<CtlError> wrong(std::string message) {
  return tl::unexpected(CtlError{-2, "invalid_params", std::move(message), {}});
}

int report_failure(const ControlFailure& failure) {
  std::cerr << "peerage: " << conn::printable(failure.message, 4096) << '\n';
  if (!failure.hint.empty()) {
    std::cerr << "  hint: " << conn::printable(failure.hint, 4096) << '\n';
  }
  return failure.exit_code;
}

int report_failure(const CtlError& error) {
  return report_failure(ControlFailure{-error.code, error.reason, error.message, error.hint});
}

// --- the request ---

Checked<CtlValue> value_of(const CtlParameter& parameter, const std::string& text) {
  switch (parameter.kind) {
    case Kind::number: {
      std::int64_t number = 0;
      const char* const end = text.data() + text.size();
      const auto [rest, error] = std::from_chars(text.data(), end, number);
      if (error == std::errc{} && rest == end) return number;
      return wrong("--" + std::string(parameter.name) + ": \"" + conn::printable(text, 64) +
                   "\" is no whole number");
    }
    case Kind::truth:
    case Kind::flag:
      return text == "true";
    case Kind::texts: {
      const auto parts = conn::split_list(text);
      return std::vector<std::string>(parts.begin(), parts.end());
    }
    case Kind::file: {
      std::error_code error;
      return std::filesystem::absolute(text, error).lexically_normal().string();
    }
    case Kind::text:
    case Kind::duration:
      break;
  }
  return text;
}

Checked<CtlParams> params_of(const CtlVerb& verb, const Arguments& arguments) {
  CtlParams params;
  for (const Given& each : arguments) {
    const std::string name(each.parameter.name);
    if (each.flag) params.emplace(name, true);
    if (!each.text) continue;
    auto value = value_of(each.parameter, *each.text);
    if (!value) return tl::unexpected(std::move(value.error()));
    params.emplace(name, std::move(*value));
  }
  if (auto error = check_params(verb, params)) return tl::unexpected(std::move(*error));
  return params;
}

// What --timeout says, and what the verb itself may wait.
Checked<std::chrono::milliseconds> time_of(const CtlVerb& verb, const CtlParams& params,
                                           const std::string& timeout) {
  auto time = ctl_duration(timeout);
  if (!time) time = ctl_duration(timeout + "s");
  if (!time) {
    return wrong("--timeout: \"" + conn::printable(timeout, 64) + "\" is no duration such as 10s");
  }
  for (const CtlParameter& each : verb.parameters) {
    if (each.name != kWaitParameter) continue;
    const auto given = params.find(each.name);
    const auto wait =
        ctl_duration(given == params.end() ? each.otherwise : std::get<std::string>(given->second));
    *time += wait.value_or(conn::Duration(0));
  }
  static constexpr conn::Duration kLongest = std::chrono::hours(24 * 365);
  return std::chrono::ceil<std::chrono::milliseconds>(std::min(*time, kLongest));
}

// --- the answer ---

std::size_t terminal_columns() {
  winsize size{};
  if (::isatty(STDOUT_FILENO) == 0 || ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) return 0;
  return size.ws_col;
}

int follow(const std::filesystem::path& socket, const CtlParams& params,
           std::chrono::milliseconds time, bool json) {
  const auto followed =
      control_events(socket, params_text(params), time, [json](const std::string& line) {
        std::cout << (json ? line : event_text(line)) << '\n' << std::flush;
        return bool(std::cout);  // a reader that has gone, as `head`, wants no more
      });
  return followed ? ControlExit::kDone : report_failure(followed.error());
}

int run(const CtlVerb& verb, const Arguments& arguments, const Common& common) {
  const auto params = params_of(verb, arguments);
  if (!params) return report_failure(params.error());
  const auto time = time_of(verb, *params, common.timeout);
  if (!time) return report_failure(time.error());
  const std::filesystem::path socket =
      common.socket.empty() ? control_socket_path(common.home) : common.socket;
  if (socket.empty()) {
    return report_failure(ControlFailure{ControlExit::kNoNode, "no_node",
                                         "the configuration has no control socket",
                                         "set `control_socket` under [peerage] and restart"});
  }
  if (verb.name == "events") return follow(socket, *params, *time, common.json);
  const auto result = control_request(socket, std::string(verb.name), params_text(*params), *time);
  if (!result) return report_failure(result.error());
  std::cout << (common.json ? *result + '\n' : result_text(verb.name, *result, terminal_columns()))
            << std::flush;
  const bool not_ready = params->contains("ready") && !ready_in(*result).value_or(false);
  const bool not_reached = verb.name == "dial" && dial_failed_in(*result);
  return not_ready || not_reached ? ControlExit::kFailed : ControlExit::kDone;
}

// --- the command line ---

std::vector<Option> common_options(Common& common) {
  return {home_option(common.home),
          {.name = "--socket",
           .into = &common.socket,
           .help = "The node's control socket, instead of the home's",
           .example = "PATH"},
          {.name = "--json", .into = &common.json, .help = "The node's answer as it is"},
          {.name = "--timeout",
           .into = &common.timeout,
           .help = "How long to wait for the answer",
           .example = "TIME",
           .default_text = common.timeout}};
}

Option option_of(Given& given) {
  const CtlParameter& parameter = given.parameter;
  const bool positional = parameter.place == Place::positional;
  const std::string name(parameter.name);
  Option option{.name = positional ? name : "--" + name,
                .into = &given.text,
                .help = std::string(parameter.help),
                .example = std::string(parameter.example),
                .default_text = std::string(parameter.otherwise),
                .required = parameter.needed == Needed::yes};
  if (parameter.kind == Kind::flag) option.into = &given.flag;
  if (parameter.kind == Kind::truth) {
    option.choices = {"true", "false"};
  } else if (parameter.kind != Kind::texts) {
    option.choices.assign(parameter.choices.begin(), parameter.choices.end());
  } else {
    for (const std::string_view each : parameter.choices) {
      option.example.append(option.example.empty() ? "" : ",").append(each);
    }
  }
  if (!parameter.excludes.empty()) option.excludes = {"--" + std::string(parameter.excludes)};
  return option;
}

std::string sample_of(const CtlParameter& parameter) {
  if (!parameter.choices.empty()) return std::string(parameter.choices.front());
  switch (parameter.kind) {
    case Kind::number:
      return "20";
    case Kind::truth:
      return "true";
    case Kind::duration:
      return "10m";
    case Kind::file:
      return "addrbook.json";
    case Kind::text:
    case Kind::texts:
    case Kind::flag:
      break;
  }
  const std::string_view name = parameter.name;
  return name == "address"  ? "ID@203.0.113.7:26656"
         : name == "target" ? "203.0.113.0/24"
         : name == "level"  ? "p2p:debug,*:info"
         : name == "id"     ? "6c8f8607"
                            : std::string(parameter.example);
}

// With what it needs, and the first of its options.
std::string example_of(const CtlVerb& verb) {
  std::string line = "peerage ctl " + std::string(verb.name);
  const CtlParameter* option = nullptr;
  for (const CtlParameter& each : verb.parameters) {
    if (each.place == CtlParameter::Place::option) {
      if (option == nullptr) option = &each;
    } else if (each.needed == Needed::yes) {
      line.append(" ").append(sample_of(each));
    }
  }
  if (option == nullptr) return line;
  line.append(" --").append(option->name);
  return option->kind == Kind::flag ? line : line.append(" ").append(sample_of(*option));
}

// `name`: without that of its group.
Command verb_command(const CtlVerb& verb, std::string_view name,
                     const std::shared_ptr<Common>& common) {
  auto arguments = std::make_shared<Arguments>();
  Command command{.name = std::string(name),
                  .about = std::string(verb.help),
                  .group = verb.effect == Effect::looks ? kLooks : kChanges,
                  .example = example_of(verb),
                  .footer = kExitCodes};
  for (const CtlParameter& each : verb.parameters) {
    command.options.push_back(option_of(arguments->emplace_back(Given{each})));
  }
  for (Option& each : common_options(*common)) command.options.push_back(std::move(each));
  command.run = [&verb, arguments, common] { return run(verb, *arguments, *common); };
  return command;
}

Command& group_named(std::vector<Command>& commands, std::string_view name) {
  const auto found = std::find_if(commands.begin(), commands.end(),
                                  [name](const Command& each) { return each.name == name; });
  if (found != commands.end()) return *found;
  return commands.emplace_back(
      Command{.name = std::string(name),
              .about = name == "seeds" ? "The nodes that are asked for addresses"
                                       : "The address book of the running node",
              .group = "Look and change",
              .example = name == "seeds" ? "peerage ctl seeds list" : "peerage ctl book stats"});
}

}  // namespace

Command ctl_command() {
  auto common = std::make_shared<Common>();
  Command command{.name = "ctl",
                  .about = "Ask a running node, and control it",
                  .options = common_options(*common),
                  .group = kRunGroup,
                  .example =
                      "peerage ctl peers --home ~/.gaia\n"
                      "peerage ctl ban 203.0.113.0/24 --for 7d --reason \"sends rubbish\"\n"
                      "peerage ctl dial ID@203.0.113.7:26656 --wait 5s",
                  .footer = kExitCodes,
                  .usage_exit = ControlExit::kWrongUsage};
  for (const CtlVerb& each : ctl_verbs()) {
    const std::size_t blank = each.name.find(' ');
    auto& commands = blank == std::string_view::npos
                         ? command.commands
                         : group_named(command.commands, each.name.substr(0, blank)).commands;
    commands.push_back(verb_command(
        each, blank == std::string_view::npos ? each.name : each.name.substr(blank + 1), common));
  }
  return command;
}

}  // namespace peerage::cmd

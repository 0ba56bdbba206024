#include "cmd/cli/help.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "cmd/base/text_wrap.h"

namespace peerage::cmd {
namespace {

constexpr std::size_t kColumn = 28;  // where explanations begin

// What stands for a value: an example of one, the choices, or what kind it is.
std::string value_of(const Option& option) {
  if (std::holds_alternative<bool*>(option.into)) return {};
  if (!option.choices.empty()) {
    std::string all;
    for (const std::string& each : option.choices) all += (all.empty() ? "" : "|") + each;
    return all;
  }
  if (!option.example.empty()) return option.example;
  if (std::holds_alternative<std::filesystem::path*>(option.into)) return "PATH";
  const bool number = std::holds_alternative<std::uint32_t*>(option.into) ||
                      std::holds_alternative<std::uint64_t*>(option.into) ||
                      std::holds_alternative<double*>(option.into);
  return number ? "NUMBER" : "TEXT";
}

bool is_positional(const Option& option) {
  return !option.name.starts_with('-');
}

// "--seeds ID@HOST:PORT,...", "--log-peers[=true]", "target...".
std::string term_of(const Option& option) {
  if (is_positional(option)) {
    const bool several = std::holds_alternative<std::vector<std::string>*>(option.into);
    return option.name + (several ? "..." : "");
  }
  const std::string value = value_of(option);
  if (value.empty()) return option.name;
  if (!option.implied.empty()) return option.name + "[=" + option.implied + "]";
  return option.name + " " + value;
}

std::string number_text(double number) {
  if (number == std::floor(number) && std::abs(number) < 1e15) {
    return std::to_string(static_cast<long long>(number));
  }
  return default_of(number);
}

// What is to be known beside the explanation: "(required)", "(1 to 9; default: 7)".
std::string remarks_of(const Option& option) {
  std::vector<std::string> remarks;
  if (option.required) remarks.emplace_back("required");
  if (is_positional(option) && !option.example.empty()) {
    remarks.push_back("as " + option.example);
  }
  if (option.range) {
    remarks.push_back(number_text(option.range->least) + " to " + number_text(option.range->most));
  }
  if (!option.default_text.empty()) remarks.push_back("default: " + option.default_text);
  for (const std::string& other : option.excludes) remarks.push_back("not with " + other);
  if (remarks.empty()) return {};
  std::string text;
  for (const std::string& each : remarks) text += (text.empty() ? "(" : "; ") + each;
  return text + ")";
}

// "  TERM   explanation", which goes on below itself.
std::string entry(const std::string& term, const std::string& explanation) {
  std::string text = wrapped(term, 4, kTextWidth, 2);
  text.insert(0, "  ");
  if (explanation.empty()) return text + '\n';
  const bool beside = text.size() + 2 <= kColumn;
  text += beside ? std::string(kColumn - text.size(), ' ') : '\n' + std::string(kColumn, ' ');
  return text + wrapped(explanation, kColumn, kTextWidth, kColumn) + '\n';
}

std::string options_text(const std::vector<Option>& options) {
  std::vector<std::string> groups;
  for (const Option& each : options) {
    if (!each.group.empty() &&
        std::find(groups.begin(), groups.end(), each.group) == groups.end()) {
      groups.push_back(each.group);
    }
  }
  std::string positionals, text;
  for (const std::string& group : groups) {
    std::string of_group;
    for (const Option& each : options) {
      if (each.group != group) continue;
      const std::string remarks = remarks_of(each);
      const bool both = !each.help.empty() && !remarks.empty();
      (is_positional(each) ? positionals : of_group) +=
          entry(term_of(each), each.help + (both ? " " : "") + remarks);
    }
    if (group == Option{}.group) of_group += entry("-h, --help", "Print this help and exit");
    if (of_group.empty()) continue;
    text.append("\n").append(group).append(":\n").append(of_group);
  }
  if (groups.empty()) text = "\nOptions:\n" + entry("-h, --help", "Print this help and exit");
  return (positionals.empty() ? "" : "\nArguments:\n" + positionals) + text;
}

std::string commands_text(const std::vector<Command>& commands) {
  std::vector<std::string> groups;
  for (const Command& each : commands) {
    if (std::find(groups.begin(), groups.end(), each.group) == groups.end()) {
      groups.push_back(each.group);
    }
  }
  std::string text;
  for (const std::string& group : groups) {
    text += '\n' + wrapped(group + ":", 0, kTextWidth) + '\n';
    for (const Command& each : commands) {
      if (each.group != group) continue;
      std::string term = each.name;
      for (const std::string& alias : each.aliases) term += ", " + alias;
      text += entry(term, each.about);
    }
  }
  return text;
}

// Lines that are to be pasted: a long one goes on behind a backslash.
std::string example_text(const std::string& example) {
  if (example.empty()) return {};
  std::string text = "\nExample:\n";
  for (std::size_t begin = 0; begin < example.size();) {
    const std::size_t end = std::min(example.find('\n', begin), example.size());
    std::string line = wrapped(example.substr(begin, end - begin), 6, kTextWidth - 2, 2);
    for (std::size_t at = 0; (at = line.find('\n', at)) != std::string::npos; at += 3) {
      line.insert(at, " \\");
    }
    text += "  " + line + '\n';
    begin = end + 1;
  }
  return text;
}

}  // namespace

std::string program_help(const Program& program) {
  std::string text = "Usage: " + program.name + " COMMAND [OPTIONS]\n\n";
  text += wrapped(program.about, 0, kTextWidth) + "\n\n";
  text += wrapped("Subcommands; `" + program.name + " help COMMAND` says more of each:", 0,
                  kTextWidth) +
          '\n';
  text += commands_text(program.commands);
  text += "\nOptions:\n" + entry("-h, --help", "Print this help and exit");
  if (!program.version.empty()) text += entry("--version", "Print the version and exit");
  return text + example_text(program.example);
}

std::string command_help(std::string_view path, const Command& command) {
  std::string usage = "Usage: " + std::string(path);
  if (!command.commands.empty()) usage += " COMMAND";
  usage += " [OPTIONS]";
  for (const Option& each : command.options) {
    if (is_positional(each))
      usage += each.required ? " " + term_of(each) : " [" + term_of(each) + "]";
  }
  std::string text =
      wrapped(usage, 4, kTextWidth) + "\n\n" + wrapped(command.about, 0, kTextWidth) + '\n';
  text += commands_text(command.commands) + options_text(command.options);
  text += example_text(command.example);
  if (!command.footer.empty()) text += '\n' + wrapped(command.footer, 0, kTextWidth) + '\n';
  return text;
}

}  // namespace peerage::cmd

#include "cmd/cli/program.h"

#include <algorithm>
#include <charconv>
#include <exception>
#include <memory>
#include <ostream>
#include <sstream>
#include <system_error>
#include <utility>

#include <CLI/CLI.hpp>

#include "cmd/cli/exit_code.h"
#include "cmd/cli/help.h"

namespace peerage::cmd {
namespace {

using Run = std::function<int()>;

// All of the text, or nothing. CLI11's own reading takes -1 for a large number.
template <typename T>
bool read_number(const std::string& text, T& into) {
  T number{};
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || rest != end) return false;
  into = number;
  return true;
}

// CLI11 has an overload of add_option that is no template: with it one instantiation serves all
// kinds. The callback's false becomes "Could not convert".
CLI::Option* add_value(CLI::App& app, const Option& option, const std::string& help,
                       CLI::callback_t take, const char* type) {
  CLI::Option* const added = app.add_option(option.name, std::move(take), help);
  added->type_name(type)->default_str(option.default_text);
  return added;
}

template <typename T>
CLI::Option* add_number(CLI::App& app, const Option& option, const std::string& help, T* into,
                        const char* type) {
  return add_value(
      app, option, help,
      [into](const CLI::results_t& texts) { return read_number(texts.front(), *into); }, type);
}

// Adds an option to the parser, by the kind of its destination.
struct Adder {
  CLI::App& app;
  const Option& option;
  const std::string help;

  CLI::Option* operator()(bool* into) const { return app.add_flag(option.name, *into, help); }
  CLI::Option* operator()(std::uint32_t* into) const {
    return add_number(app, option, help, into, "UINT");
  }
  CLI::Option* operator()(std::uint64_t* into) const {
    return add_number(app, option, help, into, "UINT");
  }
  CLI::Option* operator()(double* into) const {
    return add_number(app, option, help, into, "FLOAT");
  }
  CLI::Option* operator()(std::vector<std::string>* into) const {
    const auto take = [into](const CLI::results_t& texts) {
      *into = texts;
      return true;
    };
    CLI::Option* const added = add_value(app, option, help, take, "TEXT");
    added->expected(CLI::detail::expected_max_vector_size);
    return added;
  }
  // A text of any kind.
  template <typename T>
  CLI::Option* operator()(T* into) const {
    const auto take = [into, implied = option.implied](const CLI::results_t& texts) {
      *into = texts.front().empty() ? implied : texts.front();
      return true;
    };
    CLI::Option* const added = add_value(app, option, help, take, "TEXT");
    if (!option.implied.empty()) added->expected(0, 1);
    return added;
  }
  CLI::Option* operator()(const Option::Taker& taker) const {
    const auto take = [taker, name = option.name](const CLI::results_t& texts) {
      if (const auto wrong = taker(texts.front())) throw CLI::ValidationError(name, *wrong);
      return true;
    };
    return add_value(app, option, help, take, "TEXT");
  }
};

void add_option(CLI::App& app, const Option& option) {
  CLI::Option* const added = std::visit(Adder{app, option, option.help}, option.into);
  added->group(option.group)->required(option.required);
  if (option.range) {
    const auto [least, most] = *option.range;
    if (std::holds_alternative<double*>(option.into)) {
      added->check(CLI::Range(least, most));
    } else {
      added->check(CLI::Range(static_cast<std::uint64_t>(least), static_cast<std::uint64_t>(most)));
    }
  }
  if (!option.choices.empty()) added->check(CLI::IsMember(option.choices));
}

void add_command(CLI::App& parent, const Command& command, Run& chosen) {
  CLI::App* const app = parent.add_subcommand(command.name, command.about);
  for (const std::string& alias : command.aliases) app->alias(alias);
  for (const Option& each : command.options) add_option(*app, each);
  for (const Option& each : command.options) {
    for (const std::string& other : each.excludes) {
      app->get_option(each.name)->excludes(app->get_option(other));
    }
  }
  if (!command.commands.empty()) app->require_subcommand(1);
  for (const Command& each : command.commands) add_command(*app, each, chosen);
  if (command.run) app->callback([&chosen, &command] { chosen = command.run; });
}

const Command* command_named(const std::vector<Command>& commands, const std::string& name) {
  for (const Command& each : commands) {
    const bool alias =
        std::find(each.aliases.begin(), each.aliases.end(), name) != each.aliases.end();
    if (each.name == name || alias) return &each;
  }
  return nullptr;
}

// Of the command that a wrong command line begins with.
int usage_exit_of(const CLI::App& app, const Program& program) {
  const auto parsed = app.get_subcommands();
  if (parsed.empty()) return kExitUsage;
  const Command* const command = command_named(program.commands, parsed.front()->get_name());
  return command == nullptr ? kExitUsage : command->usage_exit;
}

// help NAME...: what --help of that command prints.
Command help_command(const Program& program, std::ostream& out) {
  auto names = std::make_shared<std::vector<std::string>>();
  return {.name = "help",
          .about = "Print what --help prints, of a command or of all",
          .options = {{.name = "command",
                       .into = names.get(),
                       .help = "Of which command",
                       .example = "addrbook list"}},
          .group = program.commands.empty() ? Command{}.group : program.commands.back().group,
          .example = program.name + " help",
          .run = [&program, &out, names] {
            const std::vector<Command>* commands = &program.commands;
            const Command* command = nullptr;
            std::string path = program.name;
            for (const std::string& name : *names) {
              command = command_named(*commands, name);
              // As it would be without "help".
              if (command == nullptr) throw CLI::ExtrasError({name});
              commands = &command->commands;
              path += " " + command->name;
            }
            out << (command == nullptr ? program_help(program) : command_help(path, *command));
            return 0;
          }};
}

// Help in our form, from the data that the parser was made of.
class HelpFormatter final : public CLI::FormatterBase {
 public:
  explicit HelpFormatter(const Program& program) : program_(program) {}

  std::string make_help(const CLI::App* app, std::string, CLI::AppFormatMode) const override {
    std::vector<std::string> names;
    for (; app->get_parent() != nullptr; app = app->get_parent()) names.push_back(app->get_name());
    const std::vector<Command>* commands = &program_.commands;
    const Command* command = nullptr;
    std::string path = program_.name;
    for (auto name = names.rbegin(); name != names.rend(); ++name) {
      command = command_named(*commands, *name);
      if (command == nullptr) break;
      commands = &command->commands;
      path += " " + command->name;
    }
    return command == nullptr ? program_help(program_) : command_help(path, *command);
  }

 private:
  const Program& program_;
};

}  // namespace

std::string default_of(double number) {
  std::ostringstream text;
  text << number;
  return text.str();
}

int run_program(const Program& without_help, std::vector<std::string> arguments, std::ostream& out,
                std::ostream& err) {
  Program program = without_help;
  program.commands.push_back(help_command(program, out));
  CLI::App app(program.about, program.name);
  app.require_subcommand(0, 1);
  app.formatter(std::make_shared<HelpFormatter>(program));
  if (!program.version.empty()) {
    app.set_version_flag("--version", program.version, "Print the version and exit");
  }
  Run chosen;
  for (const Command& each : program.commands) add_command(app, each, chosen);
  try {
    std::reverse(arguments.begin(), arguments.end());  // as CLI11 wants them
    app.parse(std::move(arguments));
    if (chosen) return chosen();
    err << app.help();
    return kExitUsage;
  } catch (const CLI::ParseError& error) {
    // --help and the like are no errors.
    return app.exit(error, out, err) == 0 ? kExitDone : usage_exit_of(app, program);
  } catch (const std::exception& error) {
    err << program.name << ": " << error.what() << '\n';
    return kExitFailed;
  }
}

}  // namespace peerage::cmd

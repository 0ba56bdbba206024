#include "cmd/commands.h"

#include <iostream>

#include <CLI/CLI.hpp>

#include "cmd/setting_value.h"
#include "conn/bytes.h"

namespace peerage::cmd {

void add_home_option(CLI::App& command, std::filesystem::path& home) {
  home = default_home(process_environment());
  command
      .add_option_function<std::string>(
          "--home",
          [&home](const std::string& text) { home = expand_home(text, process_environment()); },
          "The node's directory")
      ->default_str(home.string());
}

void add_config_option(CLI::App& command, Flags& flags) {
  command.add_option("--config", flags.config_file, "The configuration file, relative to the home");
  command.add_flag("--tenderseed", flags.tenderseed)->group("");  // of normalise_arguments alone
}

void add_settings_options(CLI::App& command, Flags& flags) {
  add_config_option(command, flags);
  command.add_option(
      "--network", flags.network,
      "The network (chain ID); several, with commas; \"*\" for any. An addrbook.json is that of "
      "the first");
  command.add_option("--seeds", flags.seeds, "Nodes to ask for addresses: ID@HOST:PORT,...");
  command.add_option("--persistent-peers", flags.persistent_peers,
                     "Nodes to stay connected to: ID@HOST:PORT,...");
  command.add_option("--laddr", flags.laddr, "Where to listen: IP:PORT");
  command.add_option("--external-address", flags.external_address,
                     "Where others reach this node: HOST:PORT");
  command.add_option("--moniker", flags.moniker, "The node's name for others");
  command.add_option("--log-level", flags.log_level,
                     "debug, info, warn, error or none; by module: \"p2p:debug,*:error\"");
  command.add_option("--log-format", flags.log_format, "plain or json");
}

conn::Result<std::filesystem::path> node_key_path(const std::filesystem::path& home,
                                                  const Flags& flags) {
  const auto settings = load_settings(home, flags);
  if (!settings) return tl::unexpected(settings.error());
  return settings->node_key_file;
}

int report(const conn::Failure& failure) {
  std::cerr << "peerage: " << explain(failure.reason);
  if (!failure.detail.empty()) std::cerr << ": " << failure.detail;
  std::cerr << '\n';
  if (!hint(failure.reason).empty()) std::cerr << "  hint: " << hint(failure.reason) << '\n';
  return 1;
}

int report_wrong_usage(const conn::Failure& failure) {
  report(failure);
  return 2;
}

conn::Result<conn::Duration> duration_of(const std::string& option, const std::string& text) {
  auto duration = parse_duration(text);
  if (!duration) duration = parse_duration(text + "s");
  if (duration && *duration > conn::Duration(0)) return *duration;
  return conn::fail(
      conn::Stage::configuration, conn::Reason::invalid_argument,
      "--" + option + ": \"" + conn::printable(text, 64) + "\" is no duration such as 10s or 5m");
}

}  // namespace peerage::cmd

#include "cmd/cli/commands.h"

#include <iostream>
#include <optional>

#include "cmd/cli/exit_code.h"
#include "cmd/config/setting_value.h"
#include "conn/base/bytes.h"

namespace peerage::cmd {

Option home_option(std::filesystem::path& home) {
  home = default_home(process_environment());
  return {.name = "--home",
          .into = Option::Taker([&home](const std::string& text) {
            home = expand_home(text, process_environment());
            return std::optional<std::string>();
          }),
          .help = "The node's directory",
          .example = "PATH",
          .default_text = default_of(home)};
}

std::vector<Option> config_options(Flags& flags) {
  return {
      {.name = "--config",
       .into = &flags.config_file,
       .help = "The configuration file, relative to the home",
       .example = "FILE"},
      {.name = "--tenderseed", .into = &flags.tenderseed, .group = ""}};  // of arguments.h alone
}

std::vector<Option> settings_options(Flags& flags) {
  std::vector<Option> options = config_options(flags);
  const std::vector<Option> values = {
      {.name = "--network",
       .into = &flags.network,
       .help = "The network (chain ID); several, with commas; \"*\" for any. An addrbook.json is "
               "that of the first"},
      {.name = "--seeds",
       .into = &flags.seeds,
       .help = "Nodes to ask for addresses",
       .example = "ID@HOST:PORT,..."},
      {.name = "--persistent-peers",
       .into = &flags.persistent_peers,
       .help = "Nodes to stay connected to",
       .example = "ID@HOST:PORT,..."},
      {.name = "--discovery",
       .into = &flags.discovery,
       .help = "Find nodes over UDP: v4, both or off",
       .example = "PROTOCOLS"},
      {.name = "--bootnodes",
       .into = &flags.bootnodes,
       .help = "Nodes to begin that with",
       .example = "enr:...,enode://..."},
      {.name = "--laddr", .into = &flags.laddr, .help = "Where to listen", .example = "IP:PORT"},
      {.name = "--external-address",
       .into = &flags.external_address,
       .help = "Where others reach this node",
       .example = "HOST:PORT"},
      {.name = "--moniker", .into = &flags.moniker, .help = "The node's name for others"},
      {.name = "--log-level",
       .into = &flags.log_level,
       .help = "debug, info, warn, error or none; by module",
       .example = "\"p2p:debug,*:error\""},
      {.name = "--log-format", .into = &flags.log_format, .help = "plain or json"},
      {.name = "--log-peers",
       .into = &flags.log_peers,
       .help = "Log each peer that comes or goes, at info",
       .implied = "true"},
      {.name = "--summary-interval",
       .into = &flags.summary_interval,
       .help = "How often the log sums up, such as 1m; 0s: never",
       .example = "TIME"},
      {.name = "--private",
       .into = &flags.private_network,
       .help = "A private network: private and loopback addresses count, and many nodes may share "
               "one, as with --addr-book-strict=false --allow-duplicate-ip"},
      {.name = "--addr-book-strict",
       .into = &flags.addr_book_strict,
       .help = "Whether private and unroutable addresses are not kept",
       .example = "true|false"},
      {.name = "--allow-duplicate-ip",
       .into = &flags.allow_duplicate_ip,
       .help = "Let several peers in from one host",
       .implied = "true"},
      {.name = "--max-num-inbound-peers",
       .into = &flags.max_inbound,
       .help = "Slots for nodes that dial this one",
       .example = "NUMBER"},
      {.name = "--max-num-outbound-peers",
       .into = &flags.max_outbound,
       .help = "Peers that this node dials; a seed has its own",
       .example = "NUMBER"},
      {.name = "--max-peers-per-ip",
       .into = &flags.max_peers_per_ip,
       .help = "Peers at one host; 0: unlimited",
       .example = "NUMBER"},
      {.name = "--shards",
       .into = &flags.shards,
       .help = "Threads that connections live on; 0: one for each of the machine's",
       .example = "NUMBER"},
  };
  options.insert(options.end(), values.begin(), values.end());
  return options;
}

conn::Result<std::filesystem::path> node_key_path(const std::filesystem::path& home,
                                                  const Flags& flags) {
  const auto settings = load_settings(home, flags);
  if (!settings) return tl::unexpected(settings.error());
  return settings->node_key_file;
}

std::filesystem::path control_socket_of(const Settings& settings) {
  const std::string& file = settings.config.surface.control_socket;
  if (file.empty()) return {};
  return (settings.home / file).lexically_normal();
}

std::filesystem::path control_socket_path(const std::filesystem::path& home) {
  return control_socket_of(read_settings(home, {}, process_environment(), Listing::brief).settings);
}

// Bytes; of what most failures say none, and a few quote a path or a stranger.
static constexpr std::size_t kMaxDetail = 4096;

int report(const conn::Failure& failure) {
  std::cerr << "peerage: " << explain(failure.reason);
  if (!failure.detail.empty()) std::cerr << ": " << conn::printable(failure.detail, kMaxDetail);
  std::cerr << '\n';
  if (!hint(failure.reason).empty()) std::cerr << "  hint: " << hint(failure.reason) << '\n';
  return kExitFailed;
}

int report_wrong_usage(const conn::Failure& failure) {
  report(failure);
  return kExitUsage;
}

int report_of_node(const conn::Failure& failure) {
  report(failure);
  return exit_code_of(failure.reason);
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

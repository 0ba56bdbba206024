// check-config: everything that is wrong with a home's settings, or probably not meant.
//
// Nothing is changed, and a running node is not disturbed.
#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "addrbook/file/book_file.h"
#include "addrbook/file/own_file.h"
#include "addrbook/json/file.h"
#include "cmd/addrbook/addrbook.h"
#include "cmd/base/process.h"
#include "cmd/base/unix_socket.h"
#include "cmd/cli/commands.h"
#include "cmd/config/advice.h"
#include "cmd/config/genesis.h"
#include "cmd/config/node_config.h"
#include "cmd/http/tls.h"
#include "conn/address/net_address.h"
#include "conn/address/node_key.h"

namespace peerage::cmd {
namespace {

using Port = Surroundings::Port;

// `type`: SOCK_STREAM, SOCK_DGRAM.
Port port_of(const std::string& laddr, int type = SOCK_STREAM) {
  const auto parts = conn::split_host_port(laddr);
  const auto ip = parts ? conn::IpAddress::parse(parts->host) : std::nullopt;
  if (!ip || parts->port == 0) return Port::unknown;
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  v4.sin_family = AF_INET;
  v6.sin6_family = AF_INET6;
  v4.sin_port = v6.sin6_port = htons(parts->port);
  std::copy(ip->bytes().begin(), ip->bytes().end(), v6.sin6_addr.s6_addr);
  const auto last = ip->v4_bytes();
  std::copy(last.begin(), last.end(), reinterpret_cast<std::uint8_t*>(&v4.sin_addr.s_addr));

  const int probe = ::socket(ip->is_v4() ? AF_INET : AF_INET6, type | SOCK_CLOEXEC, 0);
  if (probe < 0) return Port::unknown;
  // As a node does it: connections that are still closing do not keep it from listening.
  const int on = type == SOCK_STREAM ? 1 : 0;
  ::setsockopt(probe, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const int bound = ip->is_v4() ? ::bind(probe, reinterpret_cast<const sockaddr*>(&v4), sizeof v4)
                                : ::bind(probe, reinterpret_cast<const sockaddr*>(&v6), sizeof v6);
  const int error = bound == 0 ? 0 : errno;
  ::close(probe);
  if (error == 0) return Port::free;
  if (error == EADDRINUSE) return Port::in_use;
  if (error == EACCES) return Port::not_permitted;
  return error == EADDRNOTAVAIL ? Port::not_ours : Port::unknown;
}

// The addresses of HTTP that the settings name.
std::vector<Surroundings::Service> services_of(const Config& config) {
  std::vector<Surroundings::Service> services;
  const auto look = [&services](const std::string& key, const std::string& text) {
    const auto addresses = parse_service_addresses(text);
    if (!addresses) return;  // reported already
    for (const ServiceAddress& each : *addresses) {
      const auto* const endpoint = std::get_if<conn::Endpoint>(&each);
      if (endpoint == nullptr) continue;
      const std::string where = endpoint->to_string();
      services.push_back({key, where, port_of(where)});
    }
  };
  look("rpc.laddr", config.rpc.laddr);
  if (config.instrumentation.prometheus) {
    look("instrumentation.prometheus_listen_addr", config.instrumentation.prometheus_listen_addr);
  }
  look("peerage.http_laddr", config.surface.http_laddr);
  return services;
}

void look_at_discovery(const Settings& settings, Surroundings& around) {
  const Config& config = settings.config;
  around.discovery_port = port_of(discovery_laddr(config.discovery, config.p2p.laddr), SOCK_DGRAM);
  if (const auto sound = require_discovery_key(settings); !sound) {
    around.discovery_key_failure = sound.error();
  }
  struct stat status {};
  if (::stat(settings.discovery_key_file.c_str(), &status) == 0) {
    around.discovery_key_mode = status.st_mode;
  }
}

Surroundings look_around(const Settings& settings, pex::Role role) {
  Surroundings around;
  if (const auto key = conn::NodeKey::load(settings.node_key_file)) {
    around.own_id = key->id();
    struct stat status {};
    if (::stat(settings.node_key_file.c_str(), &status) == 0) around.key_mode = status.st_mode;
  } else {
    around.key_failure = key.error();
  }
  around.port = port_of(settings.config.p2p.laddr);
  around.services = services_of(settings.config);
  if (settings.config.discovery.is_on()) look_at_discovery(settings, around);
  if (const auto files = rpc_certificate(settings.config.rpc, settings.home);
      files && !settings.config.rpc.laddr.empty()) {
    const auto tls = server_tls({files->certificate, files->key});
    if (!tls) around.certificate = tls.error().detail;
  }
  around.book_held =
      addrbook::FileLock::is_held(addrbook::with_suffix(settings.book_file, ".lock"));
  addrbook::Report report;
  if (const auto book = addrbook::BookFile::read(settings.book_file, book_now(), report)) {
    for (const auto& [network, rows] : book->addresses) {
      around.known_networks.push_back(network);
      around.book_addresses += rows.size();
    }
  } else {
    around.book_failure = book.error();
  }
  if (!settings.json_book.empty()) {
    const auto json = addrbook::load_json_book(settings.json_book, book_now());
    if (json) around.json_addresses = json->entries.size();
  }
  if (!settings.genesis_read && !settings.config.genesis_file.empty()) {
    // To compare it with the network that is named: no reason to read it whole.
    const auto chain_id =
        read_chain_id(settings.home / settings.config.genesis_file, GenesisEffort::ends_alone);
    if (chain_id) around.genesis_chain_id = chain_id->value_or("");
  }
  around.unwritable = unwritable_files(settings);
  if (const auto socket = control_socket_of(settings); !socket.empty()) {
    if (const auto can = require_socket_path(socket); !can) {
      around.control_socket = can.error().detail;
    }
  }
  const pex::NodeConfig node = pex::settled(node_config(settings.config, role));
  if (const auto allowed = allow_connections(connections_of(node)); !allowed) {
    around.descriptors = allowed.error().detail;
  }
  return around;
}

struct Options {
  std::filesystem::path home;
  Flags flags;
  bool all = false;
  bool json = false;
  bool seed = false;
  std::string colour = "auto";
};

int run(const Options& options) {
  SettingsReading reading = read_settings(options.home, options.flags, process_environment(),
                                          options.all ? Listing::full : Listing::brief);
  std::error_code error;
  const Settings& settings = reading.settings;
  // One that may not be read has been reported.
  if (std::filesystem::status(settings.config_file, error).type() ==
          std::filesystem::file_type::not_found &&
      !options.flags.config_file) {
    reading.findings.push_back({Severity::notice, settings.config_file.string(), 0,
                                "there is no such file: all settings have their defaults"});
  }
  const std::optional<pex::Role> only =
      options.seed ? std::optional(pex::Role::seed) : std::nullopt;
  const pex::Role role = role_of(settings.config, only);
  // Settings that could not be read say nothing about the machine.
  if (!settings.node_key_file.empty()) {
    for (Finding& each : check_settings(reading, look_around(settings, role), role)) {
      reading.findings.push_back(std::move(each));
    }
  }
  const FindingsForm form = {
      .home = settings.home,
      .colour = colour_of(options.colour, ::isatty(STDOUT_FILENO) == 1, std::getenv("NO_COLOR"),
                          std::getenv("TERM")),
      .no_effect = options.all ? FindingsForm::NoEffect::each : FindingsForm::NoEffect::together};
  std::cout << (options.json ? findings_json(reading.findings)
                             : findings_text(reading.findings, form))
            << std::flush;
  return first_error(reading.findings) != nullptr || !std::cout ? 1 : 0;
}

}  // namespace

Command check_config_command() {
  auto options = std::make_shared<Options>();
  Command command{
      .name = "check-config",
      .about = "Report what is wrong with a home's settings, and what is probably not meant",
      .options = {home_option(options->home)},
      .group = kHomeGroup,
      .example = "peerage check-config --seed --home ~/.gaia",
      .run = [options] { return run(*options); }};
  for (Option& each : settings_options(options->flags)) command.options.push_back(std::move(each));
  command.options.push_back({.name = "--seed",
                             .into = &options->seed,
                             .help = "For `peerage seed`, whatever seed_mode says"});
  command.options.push_back({.name = "--all",
                             .into = &options->all,
                             .help = "Each setting that has no effect by itself, and why"});
  command.options.push_back({.name = "--color",
                             .into = &options->colour,
                             .help = "Colour in the text; auto: on a terminal, unless NO_COLOR is "
                                     "set",
                             .default_text = default_of(options->colour),
                             .choices = {"auto", "always", "never"}});
  command.options.push_back(
      {.name = "--json", .into = &options->json, .help = "As JSON, an object to a line"});
  return command;
}

}  // namespace peerage::cmd

// discovery id: who a home's node is for discovery.
#include <chrono>
#include <iostream>
#include <memory>

#include <nlohmann/json.hpp>
#include <sodium.h>

#include "cmd/base/control_client.h"
#include "cmd/cli/commands.h"
#include "cmd/cli/exit_code.h"
#include "cmd/discovery/identity.h"
#include "cmd/discovery/verbs.h"
#include "conn/address/net_address.h"
#include "conn/address/node_key.h"
#include "p2p/base/listen_address.h"
#include "pex/discovery/key_file.h"

namespace peerage::cmd {
namespace {

using conn::Result;

struct Options {
  std::filesystem::path home;
  Flags flags;
  bool id = false, record = false, enode = false;
};

void draw(conn::MutableBytes into) {
  ::randombytes_buf(into.data(), into.size());
}

// A start makes the key, if discovery is on; and so does this.
Result<conn::Secp256k1Key> key_of(const Settings& settings) {
  if (settings.config.discovery.is_on()) {
    return pex::load_or_create_discovery_key(settings.discovery_key_file, draw);
  }
  return pex::load_discovery_key(settings.discovery_key_file);
}

Result<IdentityInputs> inputs_of(const Settings& settings) {
  IdentityInputs inputs;
  const auto p2p = p2p::listen_address(settings.config.p2p.laddr);
  if (!p2p) return tl::unexpected(p2p.error());
  inputs.p2p = inputs.udp = *p2p;
  // The port that others are told, if it is another one.
  const auto external = conn::split_host_port(settings.config.p2p.external_address);
  if (external && external->port != 0) inputs.p2p.port = external->port;
  const std::string& laddr = settings.config.discovery.laddr;
  if (!laddr.empty()) {
    const auto udp = p2p::listen_address(laddr);
    if (!udp) return tl::unexpected(udp.error());
    inputs.udp = *udp;
  }
  const auto external_ip = pex::ExternalIpSource::parse(settings.config.discovery.external_ip);
  if (!external_ip) return tl::unexpected(external_ip.error());
  inputs.external_ip = *external_ip;
  if (const auto key = conn::NodeKey::load(settings.node_key_file)) inputs.node = key->id();
  inputs.networks = settings.networks;
  return inputs;
}

void print(const Options& options, const pex::Enr& record) {
  if (options.id) {
    std::cout << record.id().to_string() << '\n';
  } else if (options.record) {
    std::cout << record.text() << '\n';
  } else if (options.enode) {
    std::cout << enode_of(record) << '\n';
  } else {
    std::cout << "ID     " << record.id().to_string() << "\nENR    " << record.text() << "\nenode  "
              << enode_of(record) << '\n';
  }
}

int no_key(const Settings& settings) {
  std::cerr << "peerage: there is no key of discovery: " << settings.discovery_key_file.string()
            << "\n  hint: discovery is off; with protocols = \"v4\" in [peerage.discovery] it is "
               "made\n";
  return kExitFailed;
}

// What the running node sends to others. Null: there is none, or it does not say.
pex::EnrPtr record_of_running_node(const Settings& settings) {
  static constexpr std::chrono::seconds kPatience{2};
  const std::filesystem::path socket = control_socket_of(settings);
  if (socket.empty()) return nullptr;
  const auto said = control_request(socket, "discovery", "{}", kPatience);
  if (!said) return nullptr;
  const auto state = nlohmann::json::parse(*said, nullptr, /*allow_exceptions=*/false);
  const auto text = state.is_object() ? state.find("record") : state.end();
  if (text == state.end() || !text->is_string()) return nullptr;
  const auto record = pex::Enr::parse(text->get<std::string>());
  return record ? *record : nullptr;
}

int run(const Options& options) {
  const auto settings = load_settings(options.home, options.flags);
  if (!settings) return report(settings.error());
  if (const pex::EnrPtr record = record_of_running_node(*settings)) {
    print(options, *record);
    return kExitDone;
  }
  const auto key = key_of(*settings);
  if (!key)
    return key.error().reason == conn::Reason::key_file_missing ? no_key(*settings)
                                                                : report(key.error());
  const auto inputs = inputs_of(*settings);
  if (!inputs) return report(inputs.error());
  const auto identity = identity_of(*key, *inputs);
  if (!identity) return report(identity.error());
  print(options, *identity->record);
  if (options.id) return kExitDone;
  std::cerr << "peerage: made from key and settings, as no running node has said its own; with "
               "sequence 1, so that the node's replaces it\n";
  for (const std::string& note : identity->notes) std::cerr << "  note: " << note << '\n';
  return kExitDone;
}

}  // namespace

Command discovery_id_verb() {
  auto options = std::make_shared<Options>();
  Command command{
      .name = "id",
      .about = "Print a home's ID, record and enode URL",
      .options = {home_option(options->home)},
      .example = "peerage discovery id --home ~/.gaia --enr",
      .footer =
          "A running node is asked for its own. Without one they are made from key and "
          "settings; a key is made only if discovery is on, as a start does. Exit code: "
          "0, or 1 if there is no key.",
      .run = [options] { return run(*options); }};
  for (Option& each : config_options(options->flags)) command.options.push_back(std::move(each));
  const auto alone = [&command](const char* name, bool* into, const char* help,
                                std::vector<std::string> excludes) {
    command.options.push_back(
        {.name = name, .into = into, .help = help, .excludes = std::move(excludes)});
  };
  alone("--id", &options->id, "Print the ID alone", {});
  alone("--enr", &options->record, "Print the record alone", {"--id"});
  alone("--enode", &options->enode, "Print the URL alone", {"--id", "--enr"});
  return command;
}

}  // namespace peerage::cmd

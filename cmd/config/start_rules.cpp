#include "cmd/config/start_rules.h"

#include <system_error>
#include <utility>

#include "cmd/base/writable.h"
#include "pex/discovery/key_file.h"

namespace peerage::cmd {

using conn::fail;
using conn::Reason;
using conn::Result;
using conn::Stage;

Result<std::vector<std::string>> served_networks(const Settings& settings,
                                                 const std::vector<std::string>& known) {
  if (auto named = require_network(settings); !named) return tl::unexpected(named.error());
  if (settings.networks != std::vector<std::string>{"*"}) return settings.networks;
  if (!known.empty()) return known;
  return fail(Stage::configuration, Reason::config_malformed,
              "\"*\" serves the networks that the book knows, and it knows none yet: name them "
              "once, as in --network a,b");
}

std::vector<Unwritable> unwritable_files(const Settings& settings) {
  std::vector<Unwritable> found;
  const auto look_at = [&found](const std::filesystem::path& file) {
    if (auto why = why_unwritable(file)) found.push_back({file, std::move(*why)});
  };
  look_at(settings.book_file);
  std::error_code error;
  if (!std::filesystem::exists(settings.node_key_file, error) && !error) {
    look_at(settings.node_key_file);
  }
  if (settings.config.discovery.is_on() &&
      !std::filesystem::exists(settings.discovery_key_file, error) && !error) {
    look_at(settings.discovery_key_file);
  }
  return found;
}

Result<void> require_discovery_key(const Settings& settings) {
  if (!settings.config.discovery.is_on()) return {};
  const auto key = pex::load_discovery_key(settings.discovery_key_file);
  if (key || key.error().reason == Reason::key_file_missing) return {};
  return tl::unexpected(key.error());
}

Result<void> require_writable_files(const Settings& settings) {
  const auto found = unwritable_files(settings);
  if (found.empty()) return {};
  return tl::unexpected(found.front().why);
}

bool knows_nobody(const Config& config, std::size_t addresses) {
  const bool asks = config.discovery.is_on() && !config.discovery.bootnodes.empty();
  return config.seeds.empty() && config.p2p.persistent_peers.empty() && !asks && addresses == 0;
}

}  // namespace peerage::cmd

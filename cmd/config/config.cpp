#include "cmd/config/config.h"

#include <utility>

#include "cmd/config/reader.h"
#include "cmd/config/rules.h"

namespace peerage::cmd {

using conn::fail;
using conn::Reason;
using conn::Result;
using conn::Stage;

std::string key_in_file(const Config& config, const std::string& key) {
  if (config.dialect == Config::Dialect::comet) return key;
  if (key == "peerage.network") return "chain_id";
  return key.starts_with("p2p.") ? key.substr(4) : key;
}

Config Config::defaults(Dialect dialect) {
  Config config;
  config.dialect = dialect;
  if (dialect == Dialect::tenderseed) {
    config.seed_mode = true;
    config.p2p.allow_duplicate_ip = true;
    config.p2p.max_num_inbound_peers = 100;
    config.p2p.max_num_outbound_peers = 60;
    config.addr_book_file = "data/addrbook.json";
    config.names_addr_book_file = true;
  }
  return config;
}

Result<Config> Config::parse(std::string_view text) {
  ConfigReading reading = read_config(text);
  if (!reading.malformed) {
    check_values(reading.config, [&reading](const std::string& key, const std::string& what) {
      const std::string shown = key_in_file(reading.config, key);
      reading.findings.push_back({Severity::error, {}, 0, shown + ": " + what});
    });
  }
  if (const Finding* error = first_error(reading.findings)) {
    return fail(Stage::configuration, Reason::config_malformed,
                reading.malformed ? "line " + std::to_string(error->line) + ": " + error->text
                                  : error->text);
  }
  for (Finding& each : reading.findings) reading.config.notices.push_back(std::move(each.text));
  return std::move(reading.config);
}

Result<Config> Config::load(const std::filesystem::path& file) {
  const auto text = read_config_file(file);
  if (!text) return tl::unexpected(text.error());
  auto config = parse(*text);
  if (!config) config.error().detail = file.string() + ": " + config.error().detail;
  return config;
}

}  // namespace peerage::cmd

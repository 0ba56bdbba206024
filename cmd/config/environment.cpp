#include "cmd/config/environment.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include <unistd.h>

#include "cmd/config/config.h"
#include "cmd/config/fields.h"
#include "cmd/config/known_keys.h"
#include "conn/base/bytes.h"
#include "conn/base/split_list.h"

namespace peerage::cmd {
namespace {

namespace fs = std::filesystem;

// "p2p.laddr": "P2P_LADDR".
std::string as_variable(std::string_view name) {
  std::string variable;
  for (const char c : name) {
    variable += c == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return variable;
}

constexpr std::string_view kPrefix = "PEERAGE_";

// Kubernetes gives each container the addresses of its services, as PEERAGE_SERVICE_HOST and
// PEERAGE_PORT_26656_TCP for one that is called "peerage".
bool is_of_a_service(std::string_view rest) {
  return rest == "SERVICE_HOST" || rest.starts_with("SERVICE_PORT") || rest == "PORT" ||
         rest.starts_with("PORT_");
}

}  // namespace

Environment process_environment() {
  Environment variables;
  for (char** each = environ; each != nullptr && *each != nullptr; ++each) {
    const std::string_view text = *each;
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    variables.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return variables;
}

std::optional<std::string> value_of(const Environment& environment, const std::string& name) {
  const auto found = environment.find(name);
  if (found == environment.end()) return std::nullopt;
  return found->second;
}

std::optional<Variable> first_set(const Environment& environment,
                                  const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    const auto value = value_of(environment, name).value_or("");
    const std::string_view bare = conn::trimmed(value);
    if (!bare.empty()) return Variable{name, std::string(bare)};
  }
  return std::nullopt;
}

std::vector<std::string> variables_of(std::string_view section, std::string_view key) {
  static constexpr std::string_view kOurs = "peerage";
  if (section.starts_with(kOurs)) {
    // "peerage.discovery": "PEERAGE_DISCOVERY_...".
    section.remove_prefix(std::min(section.size(), kOurs.size() + 1));
    std::vector<std::string> names = {"PEERAGE_" + as_variable(full_name(section, key))};
    if (key == "network") names.emplace_back("TENDERSEED_CHAIN_ID");
    return names;
  }
  const std::string name = as_variable(full_name(section, key));
  std::vector<std::string> names;
  // A comet node copies CMTX over CMT_X: the former wins.
  for (const char* prefix : {"PEERAGE_", "CMT", "CMT_", "TM", "TM_"})
    names.push_back(prefix + name);
  if (name == "P2P_SEEDS") names.emplace_back("TENDERSEED_SEEDS");
  return names;
}

fs::path default_home(const Environment& environment) {
  const auto named =
      first_set(environment, {"PEERAGE_HOME", "CMTHOME", "CMT_HOME", "TMHOME", "TM_HOME"});
  return named ? fs::path(named->value) : expand_home("~/.peerage", environment);
}

fs::path expand_home(const fs::path& path, const Environment& environment) {
  const std::string text = path.string();
  if (text != "~" && !text.starts_with("~/")) return path;
  const fs::path user_home = value_of(environment, "HOME").value_or(".");
  return text.size() <= 2 ? user_home : user_home / text.substr(2);
}

std::vector<Finding> unknown_variables(const Environment& environment) {
  std::vector<Finding> findings;
  Config any;
  // As written, and with the key's last part alone: "PEERAGE_SEEDS" is near, too.
  std::map<std::string, std::string> variables = {{"HOME", std::string(kPrefix) + "HOME"}};
  for_each_field(any, [&](std::string_view section, std::string_view key, auto&) {
    const std::string variable = variables_of(section, key).front();
    variables[variable.substr(kPrefix.size())] = variable;
    variables[full_name(section, key)] = variable;
  });
  std::vector<std::string> known;
  known.reserve(variables.size());
  for (const auto& [name, variable] : variables) known.push_back(name);
  for (auto each = environment.lower_bound(std::string(kPrefix));
       each != environment.end() && each->first.starts_with(kPrefix); ++each) {
    const std::string rest = each->first.substr(kPrefix.size());
    const auto found = variables.find(rest);
    const bool is_known = found != variables.end() && found->second == each->first;
    if (conn::trimmed(each->second).empty() || is_known || is_of_a_service(rest)) continue;
    std::string text =
        conn::printable(each->first, 96) + " has no effect: there is no such setting";
    const std::string meant = nearest_name(rest, known);
    if (!meant.empty()) text += "; did you mean " + variables.at(meant) + "?";
    findings.push_back({Severity::warning, {}, 0, std::move(text)});
  }
  return findings;
}

}  // namespace peerage::cmd

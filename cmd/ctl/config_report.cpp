#include "cmd/ctl/config_report.h"

#include <algorithm>
#include <map>
#include <utility>

#include "cmd/config/change_set.h"
#include "cmd/config/fields.h"
#include "cmd/config/overrides.h"
#include "cmd/config/setting_value.h"
#include "conn/base/bytes.h"

namespace peerage::cmd {
namespace {

constexpr std::size_t kShown = 4096;  // bytes of a value

std::string below_home(const Settings& settings, const std::string& file) {
  const std::string home = settings.home.string() + "/";
  return file.starts_with(home) ? file.substr(home.size()) : file;
}

std::string origin_text(const Settings& settings, const std::string& key) {
  const auto origin = settings.origins.find(key);
  if (origin == settings.origins.end()) return "default";
  if (!origin->second.name.empty()) return below_home(settings, origin->second.name);
  return below_home(settings, settings.config_file.string()) + " line " +
         std::to_string(origin->second.line);
}

// The lists, by their keys, that have any of these words.
std::vector<std::string> lists_with(const ControlWords& words) {
  std::vector<std::string> keys;
  const pex::NodeLists none;
  for_each_list(words, none, [&keys](const char* name, const auto& of_list, const auto&) {
    if (of_list.size() > 0) keys.push_back(full_name("p2p", name));
  });
  return keys;
}

bool contains(const std::vector<std::string>& texts, const std::string& text) {
  return std::find(texts.begin(), texts.end(), text) != texts.end();
}

}  // namespace

ConfigReport config_report(const ConfigSources& sources) {
  const Settings& running = sources.running;
  ConfigReport report;
  report.config_file = running.config_file.string();
  report.networks = running.networks;
  report.saved = sources.saved;
  report.since_start = sources.lists.since_start();
  report.errors = errors_of(sources.fresh.findings);

  Config now = running.config;
  set_lists(now, sources.lists.in_force());
  if (sources.log_level) now.log_level = *sources.log_level;
  std::map<std::string, std::string> notes, later;
  for (Override& each : overrides(running, sources.role)) notes[each.key] = std::move(each.what);
  Settings in_force = running;
  in_force.config = now;
  if (report.errors.empty()) {
    for (SettingChange& each : change_set(in_force, sources.fresh.settings)) {
      later[each.key] = std::move(each.read);
    }
  }
  const auto saved = lists_with(report.saved), said = lists_with(report.since_start);
  for_each_field(now, [&](std::string_view section, std::string_view field, const auto& value) {
    const std::string key = full_name(section, field);
    ConfigReport::Setting setting{key_in_file(running.config, key),
                                  conn::printable(setting_text(value), kShown),
                                  origin_text(running, key),
                                  {},
                                  {}};
    const std::string control = below_home(running, control_file_of(running.home).string());
    if (contains(saved, key) && setting.from != control) setting.from += ", " + control;
    if (contains(said, key) || (key == "log_level" && sources.log_level)) setting.from += ", ctl";
    if (const auto found = later.find(key); found != later.end()) {
      setting.after_restart = std::move(found->second);
    }
    if (const auto found = notes.find(key); found != notes.end()) {
      setting.note = std::move(found->second);
    }
    report.settings.push_back(std::move(setting));
  });
  return report;
}

std::vector<std::string> errors_of(const std::vector<Finding>& findings) {
  std::vector<std::string> errors;
  for (const Finding& each : findings) {
    if (each.severity != Severity::error) continue;
    std::string text = each.where;
    if (each.line > 0) text += (text.empty() ? "line " : ": line ") + std::to_string(each.line);
    errors.push_back(text.empty() ? each.text : text + ": " + each.text);
  }
  return errors;
}

}  // namespace peerage::cmd

#include "cmd/config/control_file.h"

#include <algorithm>
#include <system_error>

#include "cmd/config/fields.h"
#include "cmd/config/reader.h"
#include "cmd/config/toml_table.h"
#include "conn/base/bytes.h"
#include "conn/base/file.h"
#include "conn/base/file_reason.h"

namespace peerage::cmd {
namespace {

using conn::fail;
using conn::Reason;
using conn::Result;
using conn::Stage;
namespace fs = std::filesystem;

constexpr std::string_view kHead =
    "# Written by `peerage ctl ... --save`. Each line wins over config.toml; delete it to have\n"
    "# what config.toml says. Read at a start and by `peerage ctl reload`.\n";
constexpr std::size_t kMaxMistakes = 20;  // that are reported one by one

std::string_view text_of(Word word) {
  return word == Word::added ? "added" : "removed";
}

std::string in_quotes(std::string_view text) {
  return "\"" + conn::printable(text, 128) + "\"";
}

Result<conn::HostAddress> parse_entry(std::string_view text, conn::HostAddress*) {
  auto address = conn::HostAddress::parse(text);
  if (address && address->port == 0) {
    return fail(Stage::configuration, Reason::address_malformed,
                in_quotes(text) + ": port 0 cannot be dialled");
  }
  return address;
}
Result<conn::NodeId> parse_entry(std::string_view text, conn::NodeId*) {
  return conn::NodeId::parse(text);
}

class ControlReader {
 public:
  ControlReading read(std::string_view toml) {
    auto document = TomlDocument::parse(toml);
    if (!document) {
      add(document.error().line, conn::printable(document.error().what));
      return std::move(reading_);
    }
    pex::NodeLists none;
    for_each_list(reading_.words, none, [&](std::string_view name, auto& words, auto&) {
      read_list(*document, name, words);
    });
    for (const auto& [key, value] : document->keys) {
      if (!known(key)) add(value.line, in_quotes(key) + " is no list that `peerage ctl` writes");
    }
    return std::move(reading_);
  }

 private:
  void add(std::size_t line, std::string text) {
    if (reading_.findings.size() < kMaxMistakes) {
      reading_.findings.push_back({Severity::error, {}, line, std::move(text)});
    }
  }
  static bool known(std::string_view key) {
    bool found = false;
    const ControlWords words;
    const pex::NodeLists none;
    for_each_list(words, none, [&](std::string_view name, const auto&, const auto&) {
      found = found || key == name;
    });
    return found;
  }

  template <typename Entry>
  void read_list(const TomlDocument& document, std::string_view name, ListWords<Entry>& into) {
    const auto there = document.keys.find(name);
    if (there == document.keys.end()) return;
    const auto section = document.tables.find(name);
    if (section == document.tables.end()) {
      return add(there->second.line, std::string(name) + " must be a table");
    }
    for (const auto& [text, value] : section->second) read_entry(text, value, into);
    if (into.size() > ControlWords::kMostWords) {
      add(there->second.line, std::string(name) + " has more than " +
                                  std::to_string(ControlWords::kMostWords) + " entries");
    }
  }

  template <typename Entry>
  void read_entry(std::string_view text, const TomlValue& value, ListWords<Entry>& into) {
    const auto entry = parse_entry(text, static_cast<Entry*>(nullptr));
    if (!entry) return add(value.line, entry.error().detail);
    const auto* const said = std::get_if<std::string>(&value.is);
    if (said == nullptr || (*said != text_of(Word::added) && *said != text_of(Word::removed))) {
      return add(value.line, in_quotes(text) + " must be \"added\" or \"removed\"");
    }
    if (into.said().contains(entry->to_string())) {
      return add(value.line, in_quotes(text) + " stands there twice");
    }
    into.say(*entry, *said == text_of(Word::added) ? Word::added : Word::removed);
  }

  ControlReading reading_;
};

Result<ControlReading> read_file(const fs::path& file) {
  std::error_code failed;
  if (fs::status(file, failed).type() == fs::file_type::not_found) return ControlReading{};
  const auto text = read_config_file(file);
  if (!text) return tl::unexpected(text.error());
  return parse_control_file(*text);
}

}  // namespace

pex::NodeLists ControlWords::on(pex::NodeLists lists) const {
  for_each_list(*this, lists, [](auto, const auto& words, auto& list) { list = words.on(list); });
  return lists;
}

pex::NodeLists lists_of(const Config& config) {
  return {config.seeds, config.p2p.persistent_peers, config.p2p.unconditional_peer_ids,
          config.p2p.private_peer_ids, config.named_nodes};
}

void set_lists(Config& config, pex::NodeLists lists) {
  config.seeds = std::move(lists.seeds);
  config.p2p.persistent_peers = std::move(lists.persistent_peers);
  config.p2p.unconditional_peer_ids = std::move(lists.unconditional_ids);
  config.p2p.private_peer_ids = std::move(lists.private_ids);
  config.named_nodes = std::move(lists.named_ids);
}

fs::path control_file_of(const fs::path& home) {
  return home / "data" / "control.toml";
}

ControlReading parse_control_file(std::string_view toml) {
  return ControlReader().read(toml);
}

std::string control_file_text(const ControlWords& words) {
  std::string text(kHead);
  const pex::NodeLists none;
  for_each_list(words, none, [&text](const char* name, const auto& of_list, const auto&) {
    if (of_list.size() == 0) return;
    text.append("\n[").append(name).append("]\n");
    for (const auto& [entry, said] : of_list.said()) {
      // Nothing in an address or an ID has to be escaped.
      text.append("\"").append(entry).append("\" = \"").append(text_of(said.word)).append("\"\n");
    }
  });
  return text;
}

Result<ControlWords> read_control_file(const fs::path& file) {
  auto reading = read_file(file);
  if (!reading) return tl::unexpected(reading.error());
  if (const Finding* const error = first_error(reading->findings)) {
    return fail(Stage::configuration, Reason::config_malformed,
                file.string() + ": line " + std::to_string(error->line) + ": " + error->text);
  }
  return std::move(reading->words);
}

Result<void> write_control_file(const fs::path& file, const ControlWords& words) {
  std::error_code failed;
  fs::create_directories(file.parent_path(), failed);
  if (failed) {
    return fail(Stage::configuration, conn::file_reason(failed.value(), Reason::io_error),
                conn::printable(file.parent_path().native(), 1024) + ": " + failed.message());
  }
  const auto written = conn::write_file(file, control_file_text(words), conn::Readers::owner,
                                        conn::IfExists::replace);
  if (written) return {};
  return fail(Stage::configuration, conn::file_reason(written.error().number, Reason::io_error),
              conn::printable(file.native(), 1024) + ": " + written.error().what);
}

void merge_control_file(Settings& settings, std::vector<Finding>& findings) {
  const fs::path file = control_file_of(settings.home);
  auto reading = read_file(file);
  if (!reading) {
    findings.push_back({Severity::error, {}, 0, reading.error().detail});
    return;
  }
  for (Finding& each : reading->findings) {
    each.where = file.string();
    findings.push_back(std::move(each));
  }
  pex::NodeLists lists = lists_of(settings.config);
  for_each_list(reading->words, lists, [&](const char* name, const auto& words, auto& list) {
    const std::string key = full_name("p2p", name);
    for (const auto& [text, said] : words.said()) {
      const bool named = std::find(list.begin(), list.end(), said.entry) != list.end();
      if (said.word == Word::added || !named) continue;
      findings.push_back(finding_about(settings, Severity::notice, key,
                                       text + " has no effect: " + file.string() + " removes it"));
    }
    if (words.size() == 0) return;
    list = words.on(list);
    settings.origins.try_emplace(key, SettingOrigin{file.string(), 0});
  });
  set_lists(settings.config, std::move(lists));
}

}  // namespace peerage::cmd

// What an operator writes: config.toml, log levels, durations, lists, genesis.json, a command line.
// Any bytes are read or refused in printable words; what was read stays within its bounds; what
// this program writes itself is read again without a complaint.
#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

#include "cmd/base/log_levels.h"
#include "cmd/cli/arguments.h"
#include "cmd/config/config.h"
#include "cmd/config/finding.h"
#include "cmd/config/genesis.h"
#include "cmd/config/reader.h"
#include "cmd/config/setting_value.h"
#include "tests/fuzz/fuzz_input.h"

using namespace peerage;
using peerage::fuzz::require;

namespace {

bool printable_text(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

void read_file(const std::string& text) {
  const auto config = cmd::Config::parse(text);
  const auto reading = cmd::read_config(text, cmd::Listing::full);
  for (const cmd::Finding& each : reading.findings) {
    require(printable_text(each.text) && each.text.size() < 2000);
  }
  if (!config) {
    require(printable_text(config.error().text()));
    return;
  }
  require(cmd::first_error(reading.findings) == nullptr);
  require(config->crawl_parallel >= 1 && config->crawl_parallel <= 1000);
  require(config->visit_timeout > conn::Duration(0));
  require(!config->p2p.laddr.empty() && conn::split_host_port(config->p2p.laddr));
  require(config->pex || !config->seed_mode);
  require(cmd::LogLevels::parse(config->log_level).has_value());
  for (const std::string& each : config->notices) require(printable_text(each));
#ifdef PEERAGE_PLANTED_BUG
  // As if a tenderseed's file were mishandled unless it names one seed, at port 1.
  require(config->dialect == cmd::Config::Dialect::comet ||
          (config->seeds.size() == 1 && config->seeds.front().port == 1));
#endif
}

void read_words(const std::string& text) {
  if (const auto levels = cmd::LogLevels::parse(text)) {
    for (const char* module : {"p2p", "*", ""}) {
      if (levels->wants(module, conn::LogLevel::debug)) {
        require(levels->wants(module, conn::LogLevel::error));
      }
    }
  } else {
    require(printable_text(levels.error().text()));
  }
  if (const auto duration = cmd::parse_duration(text)) {
    require(cmd::read_duration(text) == *duration);
  }
  conn::Duration span{0};
  cmd::set_value(span, text, [](const std::string&) {});
  require(span >= conn::Duration(0));
  const cmd::Complain complain = [](const std::string& what) { require(printable_text(what)); };
  std::vector<conn::HostAddress> addresses;
  std::vector<conn::NodeId> ids;
  std::vector<conn::Cidr> networks;
  cmd::set_value(addresses, text, complain);
  cmd::set_value(ids, text, complain);
  cmd::set_value(networks, text, complain);

  std::istringstream stream(text);
  const cmd::GenesisReading read = cmd::read_genesis(stream);
  require(read.chain_id ? read.chain_id->size() <= 50 : printable_text(read.why));
  std::istringstream again(text);
  const cmd::GenesisReading part = cmd::read_genesis(
      again, cmd::GenesisEffort::all, {.beginning = 1, .end = 64, .in_order = 1u << 20});
  require(part.chain_id ? part.chain_id->size() <= 50 : printable_text(part.why));
}

void read_command_line(const std::string& text) {
  std::vector<std::string> words;
  std::istringstream lines(text);
  for (std::string word; words.size() < 100 && std::getline(lines, word);) words.push_back(word);
  const auto ours = cmd::normalise_arguments(words);
  // Nothing is made of nothing, and what is ours already stays.
  require(ours.size() <= words.size() + 3);
  require(cmd::normalise_arguments(ours) == ours);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const std::uint8_t kind = input.byte();
  const std::string text(conn::as_text(input.all()));
  switch (kind % 4) {
    case 0:
      read_words(text);
      break;
    case 1:
      read_command_line(text);
      break;
    case 2: {
      const auto moniker = text.substr(0, text.find('\n'));
      const auto written = cmd::read_config(cmd::Config::template_text(moniker, "n"));
      require(written.malformed || written.findings.empty());
      break;
    }
    default:
      read_file(text);
  }
  return 0;
}

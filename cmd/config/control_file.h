// data/control.toml: what `peerage ctl … --save` has said of the lists, so that it is so after a
// restart, too. The operator's config.toml is never written.
//
//   [persistent_peers]
//   "6c8f8607dbe87077a62a2990ce07d94aaf749df7@203.0.113.7:26656" = "added"
//   "73a64f7844d7ae9a1dcf3b7ab0a4ae5d4e2bd9d1@198.51.100.2:26656" = "removed"
//
// A line is a word about one entry of one list, and it wins over the file, the environment and the
// command line: what was added is in the list, whether they name it or not, and what was removed is
// not. Entries are compared as they are written. A word stands until another is saved, or its line
// is deleted by hand.
//
// The file is read at a start and at each reload. Whatever else is in it is an error that names the
// line, and nothing is written over it then. It has mode 0600, and is replaced whole.
//
// Threads: plain values; reading and writing block on the disk.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cmd/config/finding.h"
#include "cmd/config/settings.h"
#include "conn/address/net_address.h"
#include "conn/address/node_id.h"
#include "conn/base/failure.h"
#include "pex/node.h"

namespace peerage::cmd {

enum class Word : std::uint8_t { added, removed };

// Words about a list of addresses or IDs.
template <typename Entry>
class ListWords {
 public:
  struct Said {
    Entry entry;
    Word word = Word::added;
    bool operator==(const Said&) const = default;
  };

  // The last word about an entry counts. False: it was the word already.
  bool say(const Entry& entry, Word word) {
    const auto [found, fresh] = said_.try_emplace(entry.to_string(), Said{entry, word});
    return fresh || std::exchange(found->second.word, word) != word;
  }
  void take_back(const Entry& entry) { said_.erase(entry.to_string()); }
  // The list with these words about it: what was there keeps its place.
  std::vector<Entry> on(const std::vector<Entry>& list) const {
    std::vector<Entry> result;
    for (const Entry& each : list) {
      const auto found = said_.find(each.to_string());
      if (found == said_.end() || found->second.word == Word::added) result.push_back(each);
    }
    for (const auto& [text, each] : said_) {
      const bool there = std::find(list.begin(), list.end(), each.entry) != list.end();
      if (each.word == Word::added && !there) result.push_back(each.entry);
    }
    return result;
  }

  // By their texts.
  const std::map<std::string, Said>& said() const noexcept { return said_; }
  std::size_t size() const noexcept { return said_.size(); }
  bool operator==(const ListWords&) const = default;

 private:
  std::map<std::string, Said> said_;
};

// Words about the lists that `peerage ctl` changes.
struct ControlWords {
  // Of one list.
  static constexpr std::size_t kMostWords = 4096;

  ListWords<conn::HostAddress> persistent_peers, seeds;
  ListWords<conn::NodeId> unconditional_ids, private_ids;

  bool empty() const noexcept { return size() == 0; }
  std::size_t size() const noexcept {
    return persistent_peers.size() + seeds.size() + unconditional_ids.size() + private_ids.size();
  }
  pex::NodeLists on(pex::NodeLists lists) const;
  bool operator==(const ControlWords&) const = default;
};

// visit(name, words, list) for each list, by the name of its key in [p2p]. Both may be const.
template <typename Words, typename Lists, typename Visit>
void for_each_list(Words& words, Lists& lists, Visit&& visit) {
  visit("seeds", words.seeds, lists.seeds);
  visit("persistent_peers", words.persistent_peers, lists.persistent_peers);
  visit("unconditional_peer_ids", words.unconditional_ids, lists.unconditional_ids);
  visit("private_peer_ids", words.private_ids, lists.private_ids);
}

// The lists of a configuration.
pex::NodeLists lists_of(const Config& config);
void set_lists(Config& config, pex::NodeLists lists);

std::filesystem::path control_file_of(const std::filesystem::path& home);

// The text is another's: a finding for each mistake, with its line.
struct ControlReading {
  ControlWords words;
  std::vector<Finding> findings;  // errors
};
ControlReading parse_control_file(std::string_view toml);
std::string control_file_text(const ControlWords& words);

// A file that is missing has no words. A failure names the file and the line.
conn::Result<ControlWords> read_control_file(const std::filesystem::path& file);
// After a failure the file is as it was.
conn::Result<void> write_control_file(const std::filesystem::path& file, const ControlWords& words);

// The lists of the settings as the home's control file has them. What it removes although the
// settings name it is told as a notice, and its mistakes are errors.
void merge_control_file(Settings& settings, std::vector<Finding>& findings);

}  // namespace peerage::cmd

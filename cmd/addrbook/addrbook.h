// What `peerage addrbook` does with the book of a home, apart from its command line.
//
// Reading (list, show, sources, stats, bans, export, check) changes nothing, and works while a node
// writes the file. Changing (import, ban, unban, forget) needs the file for itself: what a running
// node has in memory would undo it, so that it is asked instead (cmd/addrbook/running_node.h).
// Neither ever moves a file aside, as a node does at its start: a
// file that is damaged, or another program's, is an error here.
//
// Threads: one. Text that came from the network is shown through conn::printable.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "addrbook/book/address_book.h"
#include "addrbook/file/book_file.h"
#include "addrbook/json/file.h"
#include "cmd/config/config.h"
#include "p2p/admission/ban_list.h"

namespace peerage::cmd {

using addrbook::KnownAddress;
using addrbook::Time;

// A home and where its book is.
struct BookHome {
  std::filesystem::path home;
  Config config;
  std::vector<std::string> networks;  // as the settings name them
  std::filesystem::path file;
  conn::NodeId own_id;                     // zero without a node key
  std::filesystem::path control_socket{};  // of the home's node, should it run; empty: it has none

  static conn::Result<BookHome> of(const std::filesystem::path& home);
  // Of a file that belongs to no home, as `crawl --book` makes one: all that a book can hold.
  static BookHome alone(const std::filesystem::path& file);
  // The option, or else what the config says. An error that names both when there is neither.
  conn::Result<std::string> network(const std::string& option) const;
  // The rules that a start of this home gives its books.
  addrbook::BookConfig rules() const;
  // An empty book with these rules.
  std::unique_ptr<addrbook::AddressBook> book(const std::string& network,
                                              const addrbook::BookKey& key) const;
};

// Wall time, as the file has it.
Time book_now();

// A duration of parse_duration, or days and weeks as whole numbers: "12h", "7d", "2w".
std::optional<addrbook::Seconds> parse_span(std::string_view text);

// --- looking ---

// Unreadable rows are reported on standard error.
conn::Result<addrbook::Contents> read_book(const BookHome& home, Time now);

struct ListFilter {
  std::string network;  // empty: all
  std::optional<addrbook::Kind> kind;
  std::optional<addrbook::Seconds> verified_since;
  std::optional<conn::Reason> last_failure;
  std::size_t limit = 0;  // 0: all
};
// An address, and the network of its book.
struct Listed {
  std::string_view network;
  const KnownAddress* row;
};
// Those that pass, verified last first. They point into `contents`.
std::vector<Listed> select(const addrbook::Contents& contents, const ListFilter& filter, Time now);
// The line of addresses of one network to paste into a config.toml (cmd/addrbook/served.h), of
// those that pass: at most filter.limit, or kShortList if that is 0. The network is chosen as by
// export_json.
enum class LineOf : std::uint8_t { peers, seeds };
struct Line {
  std::string network;
  std::string text;  // empty: none passes
};
conn::Result<Line> list_line(const BookHome& home, const ListFilter& filter, LineOf what, Time now);
// Of an ID, or of all with this prefix; at least kMinIdPrefix digits.
inline constexpr std::size_t kMinIdPrefix = 4;
std::vector<Listed> select_id(const addrbook::Contents& contents, std::string_view id_prefix,
                              const std::string& network);

// Which node told of which address, as the file has it; unfit rows are reported as by read_book.
conn::Result<addrbook::ProvenanceList> read_provenance(const BookHome& home,
                                                       const addrbook::ProvenanceQuery& query,
                                                       Time now);

struct BookStats {
  static constexpr std::array<addrbook::Seconds, 4> kSpans = {
      std::chrono::hours(2), std::chrono::hours(8), std::chrono::days(1), std::chrono::weeks(1)};
  struct OfNetwork {
    std::size_t addresses = 0, in_new = 0, in_tried = 0, resting = 0, groups = 0;
    std::array<std::size_t, addrbook::kOriginCount> by_origin{};
    std::array<std::size_t, kSpans.size()> verified_within{};
    std::vector<std::pair<conn::Reason, std::size_t>> failures;  // the most frequent first
  };
  std::map<std::string, OfNetwork> networks;
  std::size_t bans = 0;
  std::uintmax_t file_bytes = 0;  // with its log
  std::int64_t schema_version = 0;
};
BookStats stats_of(const addrbook::Contents& contents, conn::IpAddress::Strict strict, Time now);
// Completes the stats with what only the file knows.
conn::Result<void> add_file_stats(const std::filesystem::path& file, BookStats& stats);

struct Check {
  std::vector<std::string> found;  // what was checked, and its state
  std::vector<std::string> wrong;  // empty: nothing
  std::size_t addresses = 0, bans = 0;
};
// The file's integrity, each row, and whether every address has a place by the rules of the book.
// Fails when there is nothing that could be checked.
conn::Result<Check> check_book(const BookHome& home, Time now);

struct ExportReport {
  std::string network;
  std::string text;
  std::size_t written = 0, left_out = 0;
};
// The network: `option`, or the config's, or the only one in the book. Private IDs are left out.
conn::Result<ExportReport> export_json(const BookHome& home, const addrbook::Contents& contents,
                                       const std::string& option, Time now);
conn::Result<ExportReport> export_json(const BookHome& home, const std::string& option, Time now);

// --- changing ---

// The book, for us alone. `create`: a missing one is made. The failure book_in_use says what
// to do about it.
enum class Missing : std::uint8_t { fails, create };
struct OwnedBook {
  addrbook::BookFile file;
  addrbook::Contents contents;
};
conn::Result<OwnedBook> own_book(const BookHome& home, Missing missing, Time now);

struct ImportReport {
  std::string network;
  std::size_t entries = 0;  // of the file, good and bad
  std::array<std::size_t, addrbook::kAddedCount> outcomes{};
  std::size_t bad_count = 0;
  std::vector<addrbook::BadEntry> bad;
};
conn::Result<ImportReport> import_json(const BookHome& home, const std::string& network,
                                       const std::filesystem::path& from, Time now);

using p2p::BanTarget;
// A node ID, an IP address or a network.
conn::Result<BanTarget> parse_target(std::string_view text);

conn::Result<addrbook::BanRow> ban(const BookHome& home, const BanTarget& target,
                                   addrbook::Seconds span, const std::string& reason, Time now);
// False: it was not banned.
conn::Result<bool> unban(const BookHome& home, const BanTarget& target, Time now);
// How many addresses of the ID there were; `network` empty: in all networks.
conn::Result<std::size_t> forget(const BookHome& home, const conn::NodeId& id,
                                 const std::string& network, Time now);

// --- output: for people, and for programs (an object to a line) ---

// Tables fit a narrow terminal; a wide one has more columns, and whole texts.
enum class Width : std::uint8_t { narrow, wide };

// A table for each network.
std::string list_text(const std::vector<Listed>& rows, Time now, Width width = Width::narrow);
std::string to_json(const Listed& listed);
// `told`: of this address.
std::string show_text(const Listed& listed, const addrbook::Contents& contents,
                      const addrbook::ProvenanceList& sources, Time now);
std::string sources_text(const addrbook::ProvenanceList& sources,
                         const addrbook::ProvenanceQuery& query, Time now,
                         Width width = Width::narrow);
std::string to_json(const addrbook::Provenance& row);
std::string stats_text(const BookStats& stats);
std::string to_json(const BookStats& stats);
std::string bans_text(const std::vector<addrbook::BanRow>& bans, Time now,
                      Width width = Width::narrow);
std::string to_json(const addrbook::BanRow& ban);
std::string to_text(const ImportReport& report);
std::string to_json(const ImportReport& report);
std::string to_text(const Check& check);
std::string to_json(const Check& check);

}  // namespace peerage::cmd

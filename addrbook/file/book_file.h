// The address book's file: an SQLite database of one owner, which opens whatever has become of it.
//
// `open` makes a file that is missing, with mode 0600. One that is damaged, another program's, or
// of a newer version is moved aside (NAME.corrupt-20261121T101500Z, .foreign-..., .newer-...,
// never over an earlier one) and a new one begun; what can be read of a damaged one is in the new
// one, but for the provenance, which is for reports alone. A lock, a full disk or one that fails
// is an error, and moves nothing. The Report says what happened; show it to the operator.
//
// `apply` writes a batch in one transaction: all of it, or, when it fails, nothing. What has been
// applied survives a crash of the process; a crash of the machine may undo the last batches, never
// a part of one (SQLite's WAL with synchronous=NORMAL). Where the file system has no shared memory,
// which the log needs, the file has a rollback journal instead, with synchronous=FULL; it has a log
// again when it is opened where there is some.
//
// The file beside it, NAME.lock, is held while one is open for writing: a second process, or a
// second BookFile, gets book_in_use.
//
// Threads: one at a time, and calls block on the disk: for an executor (addrbook/file/store.h), a
// tool, a test.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "addrbook/book/book_report.h"
#include "addrbook/book/change_log.h"
#include "addrbook/file/contents.h"
#include "conn/base/failure.h"

namespace peerage::addrbook {

// Changes to the ban list.
struct BanChanges {
  bool rewrite = false;  // bans that are not among `written` are gone
  std::vector<BanRow> written;
  std::vector<conn::BanTarget> erased;

  bool empty() const noexcept { return !rewrite && written.empty() && erased.empty(); }
};

// What is written at once.
struct Batch {
  std::vector<Changes> addresses;
  BanChanges bans;
  // Added to what the file has of the same teller and address.
  std::vector<Provenance> provenance;
  DiscoveryChanges discovery = {};

  bool empty() const noexcept { return rows() == 0 && !rewrites(); }
  std::size_t rows() const noexcept;  // written and erased
  bool rewrites() const noexcept;
};

// A question about provenance.
struct ProvenanceQuery {
  conn::NodeId id;
  enum class Who : std::uint8_t { told_of_it, it_told_of } who = Who::told_of_it;
  std::string network{};                     // empty: any
  std::optional<conn::Endpoint> endpoint{};  // of the address; none: any
  std::size_t limit = 100;

  bool passes(const Provenance& row) const {
    return (network.empty() || row.network == network) &&
           (!endpoint || row.address.endpoint == *endpoint);
  }
};
struct ProvenanceList {
  std::vector<Provenance> rows;  // the most recent ones, the latest first
  // Of all rows, also beyond the limit:
  std::size_t total = 0;
  std::size_t nodes = 0;  // that told of it, or that it told of
  Time first = kNever;
  Time last = kNever;
};

class BookFile {
 public:
  // Networks in a file, at most.
  static constexpr std::size_t kMaxNetworks = 64;

  struct Options {
    BookKey fresh_key{};  // random; the key of a file that has none
    // Which key is the file's afterwards.
    enum class Key : std::uint8_t { of_the_file, fresh } key = Key::of_the_file;
    // How long to wait for another program's lock.
    int patience_ms = 250;
    // One of SQLite's virtual file systems by name; null is the default one. For tests.
    const char* vfs = nullptr;
    // Provenance rows, at most. For tests.
    std::size_t max_provenance_rows = kMaxProvenanceRows;
  };
  struct Opened;
  // `now` is the wall clock's.
  static conn::Result<Opened> open(const std::filesystem::path& path, const Options& options,
                                   Time now);

  // What a file holds, read beside the node that may be writing it: makes, moves and changes
  // nothing, and fails where `open` would have moved it aside.
  static conn::Result<Contents> read(const std::filesystem::path& path, Time now, Report& report);

  // The same for provenance. Unfit rows are counted in `report`.
  static conn::Result<ProvenanceList> read_provenance(const std::filesystem::path& path,
                                                      const ProvenanceQuery& query, Time now,
                                                      Report& report);

  // Deletes a file and what belongs to it. book_in_use when it is open anywhere for writing.
  static conn::Result<void> remove(const std::filesystem::path& path);

  // Everything, each row checked; unfit rows, and bans beyond kMaxBans of an origin, are erased
  // from the file, too. Counts in `report`.
  conn::Result<Contents> load(Time now, Report& report);

  // invalid_argument, with nothing written, for a network that has no proper name or is one more
  // than kMaxNetworks. Beyond kMaxProvenanceRows, a slice at a time if they are many, provenance is
  // erased: of the source group that has the most rows, those with the oldest last_seen. Bans are
  // written as they are given: what gives them has bounded them (conn/address/ban_rule.h).
  conn::Result<void> apply(const Batch& batch);
  conn::Result<void> apply(const Changes& changes);
  conn::Result<void> apply_bans(const BanChanges& changes);

  conn::Result<ProvenanceList> provenance(const ProvenanceQuery& query, Time now,
                                          Report& report) const;

  // False: another program has deleted or replaced the file, and what is written is lost.
  bool in_place() const noexcept;

  // Merges the log into the file, so that a copy of the file alone has everything. Refused
  // (book_in_use): another program is reading the file, and cannot be waited for.
  conn::Result<void> merge();
  // Merges the log into the file, and closes. Without it the next `open` does so.
  conn::Result<void> close();

  BookFile(BookFile&&) noexcept;
  BookFile& operator=(BookFile&&) noexcept;
  ~BookFile();  // closes, leaving the log

 private:
  struct Parts;
  explicit BookFile(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

struct BookFile::Opened {
  BookFile file;
  Report report;
};

}  // namespace peerage::addrbook

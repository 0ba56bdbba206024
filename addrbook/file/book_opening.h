// What lies at the path of an address book file: found out before anything is written to it, and
// made ready to be written.
//
// Private to addrbook/file/book_file.cpp. Threads: one at a time.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "addrbook/file/book_file.h"
#include "addrbook/file/book_reader.h"
#include "addrbook/file/sqlite.h"

namespace peerage::addrbook::opening {

using conn::Result;

inline constexpr ReadLimits kLimits{.networks = BookFile::kMaxNetworks};

// A Failure that names the file.
tl::unexpected<conn::Failure> failed(const std::filesystem::path& path, conn::Reason reason,
                                     const std::string& what);

// Whether there is a file at `path`. Anything else that is there is an error.
Result<bool> is_file(const std::filesystem::path& path);

// What a file is, and, when it is damaged, what can still be read of it.
struct Inspected {
  Report::Found found = Report::Found::book;
  std::string why;
  std::optional<sqlite::Database> database;  // of a book
  std::optional<ReadBook> salvaged;
};
Result<Inspected> inspect(const std::filesystem::path& path, const BookFile::Options& options,
                          Time now, Report& report);

// An empty file of our own, and the database in it.
Result<sqlite::Database> create(const std::filesystem::path& path,
                                const BookFile::Options& options);

// Sets how the file at `path` is written, and brings its tables up to date. Where there is no
// shared memory for a log, `database` becomes another one on the same file, with a rollback
// journal.
Result<void> prepare(sqlite::Database& database, const std::filesystem::path& path,
                     const BookFile::Options& options, Report& report);

// Calls `look` on a book as a guest: read-only, beside the node that may be writing it, at one
// state of it; again when what it saw may have been neither old nor new. Fails where the file would
// have to be moved aside; `look` is not called for a blank one.
using Look = std::function<Result<void>(const sqlite::Database&, Report&)>;
Result<void> as_guest(const std::filesystem::path& path, Report& report, const Look& look);

}  // namespace peerage::addrbook::opening

#include "addrbook/file/book_opening.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <tuple>
#include <utility>

#include <sys/stat.h>
#include <unistd.h>

#include "addrbook/file/own_file.h"
#include "addrbook/file/schema.h"
#include "addrbook/record/book_reason.h"
#include "conn/base/file_reason.h"

namespace peerage::addrbook::opening {

using conn::Failure;
using conn::Reason;

namespace {

// Without a log a reader keeps the writer waiting: as long as reading a full book takes.
constexpr int kPatienceWithoutLogMs = 2000;

void salvage(const sqlite::Database& database, Time now, Report& report, Inspected& inspected) {
  auto read = read_book(database, now, kLimits, Damage::is_skipped, report);
  // What was loaded is counted when the new file is.
  report.salvaged = std::exchange(report.loaded, 0);
  if (read) inspected.salvaged = std::move(*read);
}

// What is wrong with the pages; empty when nothing is.
Result<std::string> check_pages(const sqlite::Database& database) {
  const auto check = database.text("PRAGMA quick_check(1)");
  if (!check) {
    if (check.error().reason != BookReason::book_corrupt) return check;
    return check.error().detail;
  }
  if (*check == "ok") return std::string();
  // A page that the disk could not read is reported here as a fault of the file, by its code alone.
  static constexpr std::string_view kMark = "error code=";
  if (const auto at = check->find(kMark); at != std::string::npos) {
    Failure failure = database.failure(std::atoi(check->c_str() + at + kMark.size()));
    if (failure.reason != BookReason::book_corrupt) return tl::unexpected(std::move(failure));
  }
  return check;
}

// With `mode=rw` and patience, and quick to close.
Result<sqlite::Database> open_for_writing(const std::filesystem::path& path,
                                          const BookFile::Options& options) {
  auto opened = sqlite::Database::open(path, sqlite::Access::write, options.vfs);
  if (!opened) return opened;
  opened->set_patience(options.patience_ms);
  opened->on_close(sqlite::Database::Log::kept);
  return opened;
}

// Opens a file that has a log, where there is no shared memory for it: merges the log, and makes
// the file one without. That needs no shared memory while no other connection has the file: SQLite
// keeps the index of the log in its own memory.
Result<sqlite::Database> open_without_log(const std::filesystem::path& path,
                                          const BookFile::Options& options) {
  auto alone = open_for_writing(path, options);
  if (!alone) return alone;
  if (auto set = alone->execute("PRAGMA locking_mode = EXCLUSIVE"); !set) {
    return tl::unexpected(std::move(set.error()));
  }
  const auto mode = alone->text("PRAGMA journal_mode = DELETE");
  if (!mode) return tl::unexpected(mode.error());
  alone->close();
  // Nobody uses it for a file without a log, and SQLite does not look for it there.
  ::unlink(with_suffix(path, "-shm").c_str());
  auto opened = open_for_writing(path, options);
  if (opened) opened->set_patience(std::max(options.patience_ms, kPatienceWithoutLogMs));
  return opened;
}

bool lacks_shared_memory(const Failure& failure) {
  return failure.reason == conn::FileReason::no_shared_memory;
}

// Whether the file has a log from now on.
Result<bool> use_log(sqlite::Database& database) {
  const auto mode = database.text("PRAGMA journal_mode = WAL");
  if (!mode) return tl::unexpected(mode.error());
  // The index of the log is mapped at the first reading.
  if (auto read = database.number("PRAGMA user_version"); !read) {
    return tl::unexpected(read.error());
  }
  return *mode == "wal";
}

Result<void> look_once(sqlite::Database& database, const std::filesystem::path& path,
                       Report& report, const Look& look) {
  // One state of the file, whatever is written meanwhile.
  if (auto begun = database.execute("BEGIN"); !begun) return begun;
  const auto finding = schema::examine(database);
  if (!finding) return tl::unexpected(finding.error());
  switch (finding->verdict) {
    case schema::Verdict::foreign:
      return failed(path, BookReason::book_foreign, finding->why);
    case schema::Verdict::newer:
      return failed(path, BookReason::book_newer, finding->why);
    case schema::Verdict::altered:
      return failed(path, BookReason::book_corrupt, finding->why);
    case schema::Verdict::blank:
      return {};
    case schema::Verdict::ours:
      break;
  }
  if (finding->version < schema::kOldestReadable) {
    return failed(path, BookReason::book_unreadable,
                  "it is of an older version, until a node starts");
  }
  return look(database, report);
}

}  // namespace

tl::unexpected<Failure> failed(const std::filesystem::path& path, Reason reason,
                               const std::string& what) {
  return conn::fail(conn::Stage::configuration, reason,
                    conn::printable(path.native(), 1024) + ": " + what);
}

Result<bool> is_file(const std::filesystem::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0) {
    if (S_ISREG(status.st_mode)) return true;
    return failed(path, conn::FileReason::path_invalid, "not a regular file");
  }
  const int error = errno;
  if (error == ENOENT) return false;
  return failed(path, conn::file_reason(error, BookReason::book_unreadable), std::strerror(error));
}

Result<Inspected> inspect(const std::filesystem::path& path, const BookFile::Options& options,
                          Time now, Report& report) {
  auto opened = open_for_writing(path, options);
  if (!opened) return tl::unexpected(std::move(opened.error()));
  auto finding = schema::examine(*opened);
  if (!finding && lacks_shared_memory(finding.error())) {
    // It was written elsewhere, or its node was killed between two steps of doing without.
    opened->close();
    opened = open_without_log(path, options);
    if (!opened) return tl::unexpected(std::move(opened.error()));
    finding = schema::examine(*opened);
  }

  Inspected result;
  const auto corrupt = [&](const std::string& why) {
    result.found = Report::Found::corrupt;
    result.why = conn::printable(why, 512);
    return std::move(result);
  };
  if (!finding) {
    if (finding.error().reason != BookReason::book_corrupt) return tl::unexpected(finding.error());
    return corrupt(finding.error().detail);
  }
  switch (finding->verdict) {
    case schema::Verdict::foreign:
      result.found = Report::Found::foreign;
      result.why = finding->why;
      return result;
    case schema::Verdict::newer:
      result.found = Report::Found::newer;
      result.why = finding->why;
      return result;
    case schema::Verdict::altered:
      return corrupt(finding->why);
    case schema::Verdict::blank:
      result.found = Report::Found::nothing;
      break;
    case schema::Verdict::ours: {
      std::string fault;
      if (opened->read_only()) {
        if (::access(path.c_str(), W_OK) != 0) {
          const int error = errno;
          return failed(path, conn::file_reason(error, BookReason::book_unwritable),
                        std::strerror(error));
        }
        fault = "its header forbids writing";
      } else {
        auto check = check_pages(*opened);
        if (!check) return tl::unexpected(std::move(check.error()));
        fault = std::move(*check);
      }
      if (!fault.empty()) {
        if (finding->version >= schema::kOldestReadable) {
          salvage(*opened, now, report, result);
        }
        return corrupt(fault);
      }
      break;
    }
  }
  result.database.emplace(std::move(*opened));
  return result;
}

Result<void> prepare(sqlite::Database& database, const std::filesystem::path& path,
                     const BookFile::Options& options, Report& report) {
  auto has_log = use_log(database);
  if (!has_log && lacks_shared_memory(has_log.error())) {
    database.close();
    auto without = open_without_log(path, options);
    if (!without) return tl::unexpected(std::move(without.error()));
    database = std::move(*without);
    has_log = false;
  }
  if (!has_log) return tl::unexpected(has_log.error());
  report.kept = *has_log ? Report::Kept::by_log : Report::Kept::by_journal;
  // NORMAL would not be safe without a log. A batch touches most pages of a book, 22 MB when it is
  // full: that much is held in memory, and the log is merged into the file when it is about as
  // long. It is cut back after a reader made it grow.
  const std::string synchronous = *has_log ? "NORMAL" : "FULL";
  if (auto set = database.execute("PRAGMA synchronous = " + synchronous +
                                  "; PRAGMA secure_delete = OFF; PRAGMA wal_autocheckpoint = 4000;"
                                  "PRAGMA journal_size_limit = 16777216;"
                                  "PRAGMA cache_size = -24576");
      !set) {
    return set;
  }
  return schema::migrate(database);
}

Result<void> as_guest(const std::filesystem::path& path, Report& report, const Look& look) {
  const auto there = is_file(path);
  if (!there) return tl::unexpected(there.error());
  if (!*there) return failed(path, BookReason::book_missing, "no such file");
  const auto log = with_suffix(path, "-wal");
  const auto state = [&] {
    struct stat file {};
    ::stat(path.c_str(), &file);
    return std::tuple(::access(log.c_str(), F_OK) == 0, file.st_ino, file.st_size,
                      file.st_mtim.tv_sec, file.st_mtim.tv_nsec);
  };
  for (int attempt = 0; attempt < 3; ++attempt) {
    const auto before = state();
    Report of_this = report;
    auto guest = sqlite::open_as_guest(path);
    if (!guest) return tl::unexpected(std::move(guest.error()));
    auto done = look_once(guest->database, path, of_this, look);
    if (guest->beside == sqlite::Guest::Beside::nobody && state() != before) continue;
    report = std::move(of_this);
    return done;
  }
  return failed(path, BookReason::book_in_use, "it changed each time that it was read");
}

Result<sqlite::Database> create(const std::filesystem::path& path,
                                const BookFile::Options& options) {
  if (auto created = create_private(path); !created) {
    return tl::unexpected(std::move(created.error()));
  }
  return open_for_writing(path, options);
}

}  // namespace peerage::addrbook::opening

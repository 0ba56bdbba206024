#include "addrbook/file/book_opening.h"

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

namespace peerage::addrbook::opening {

using conn::Failure;
using conn::Reason;

namespace {

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

Result<void> look_once(const std::filesystem::path& path, sqlite::Access access, Report& report,
                       const Look& look) {
  auto database = sqlite::Database::open(path, access);
  if (!database) return tl::unexpected(std::move(database.error()));
  database->set_patience(BookFile::Options{}.patience_ms);
  // One state of the file, whatever is written meanwhile.
  if (auto begun = database->execute("BEGIN"); !begun) return begun;
  const auto finding = schema::examine(*database);
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
  return look(*database, report);
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
    return failed(path, BookReason::book_unreadable, "not a regular file");
  }
  if (errno == ENOENT) return false;
  return failed(path, BookReason::book_unreadable, std::strerror(errno));
}

Result<Inspected> inspect(const std::filesystem::path& path, const BookFile::Options& options,
                          Time now, Report& report) {
  auto opened = sqlite::Database::open(path, sqlite::Access::write, options.vfs);
  if (!opened) return tl::unexpected(std::move(opened.error()));
  opened->set_patience(options.patience_ms);
  opened->on_close(sqlite::Database::Log::kept);

  Inspected result;
  const auto corrupt = [&](const std::string& why) {
    result.found = Report::Found::corrupt;
    result.why = conn::printable(why, 512);
    return std::move(result);
  };
  const auto finding = schema::examine(*opened);
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
          return failed(path, BookReason::book_unwritable, std::strerror(errno));
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

Result<void> prepare(sqlite::Database& database) {
  const auto mode = database.text("PRAGMA journal_mode = WAL");
  if (!mode) return tl::unexpected(mode.error());
  // A file system without shared memory has no WAL, and there NORMAL would not be safe. A batch
  // touches most pages of a book, 22 MB when it is full: that much is held in memory, and the log
  // is merged into the file when it is about as long. It is cut back after a reader made it grow.
  const std::string synchronous = *mode == "wal" ? "NORMAL" : "FULL";
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
  // Without a log no program has the file open, and reading it as a guest would make one. If a node
  // starts meanwhile, what was read may be neither old nor new.
  for (int attempt = 0; attempt < 3; ++attempt) {
    const auto before = state();
    const bool has_log = std::get<0>(before);
    Report of_this = report;
    auto done =
        look_once(path, has_log ? sqlite::Access::read : sqlite::Access::immutable, of_this, look);
    if (!has_log && state() != before) continue;
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
  auto made = sqlite::Database::open(path, sqlite::Access::write, options.vfs);
  if (!made) return made;
  made->set_patience(options.patience_ms);
  made->on_close(sqlite::Database::Log::kept);
  return made;
}

}  // namespace peerage::addrbook::opening

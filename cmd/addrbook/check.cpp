// Whether a book is sound: the file, its rows, and what the rows say together.
#include "addrbook/file/sqlite.h"
#include "cmd/addrbook/addrbook.h"

namespace peerage::cmd {

using addrbook::BookFile;
using addrbook::Kind;
using addrbook::sqlite::Database;
using conn::Result;

namespace {

constexpr std::size_t kMaxProblems = 10;  // of the file's structure, listed one by one

Result<std::vector<std::string>> structural_problems(const Database& database) {
  auto query = database.prepare("PRAGMA integrity_check(" + std::to_string(kMaxProblems) + ")");
  if (!query) return tl::unexpected(std::move(query.error()));
  std::vector<std::string> problems;
  while (problems.size() < kMaxProblems) {
    const auto row = query->step();
    if (!row) return tl::unexpected(row.error());
    if (!*row) break;
    const auto value = query->column(0);
    const auto* text = std::get_if<std::string_view>(&value);
    if (text != nullptr && *text != "ok") problems.push_back(conn::printable(*text));
  }
  return problems;
}

void check_places(const BookHome& home, const addrbook::Contents& contents, Time now,
                  Check& check) {
  for (const auto& [network, rows] : contents.addresses) {
    const auto book = home.book(network, contents.key);
    const auto loaded = book->load(contents.key, rows, now);
    const std::string of = "network " + conn::printable(network, 64) + ": ";
    check.found.push_back(of + std::to_string(loaded.kept) + " addresses in " +
                          std::to_string(book->buckets_used(Kind::new_)) + " buckets of new and " +
                          std::to_string(book->buckets_used(Kind::tried)) + " of tried ones");
    if (loaded.dropped > 0) {
      check.wrong.push_back(of + std::to_string(loaded.dropped) +
                            " have no place by the book's rules (addr_book_strict, "
                            "private_peer_ids, limits) and go when a node next starts");
    }
  }
}

}  // namespace

Result<void> add_file_stats(const std::filesystem::path& file, BookStats& stats) {
  for (const char* suffix : {"", "-wal"}) {
    std::error_code error;
    const auto bytes = std::filesystem::file_size(file.native() + suffix, error);
    if (!error) stats.file_bytes += bytes;
  }
  const auto guest = addrbook::sqlite::open_as_guest(file);
  if (!guest) return tl::unexpected(guest.error());
  const auto version = guest->database.number("PRAGMA user_version");
  if (!version) return tl::unexpected(version.error());
  stats.schema_version = *version;
  return {};
}

Result<Check> check_book(const BookHome& home, Time now) {
  addrbook::Report report;
  const auto contents = BookFile::read(home.file, now, report);
  if (!contents) return tl::unexpected(contents.error());
  const auto guest = addrbook::sqlite::open_as_guest(home.file);
  if (!guest) return tl::unexpected(guest.error());

  Check check;
  auto problems = structural_problems(guest->database);
  if (!problems) return tl::unexpected(std::move(problems.error()));
  check.found.push_back(problems->empty() ? "the file's structure is sound"
                                          : "the file's structure is damaged");
  for (std::string& each : *problems) check.wrong.push_back("the file: " + std::move(each));

  check.found.push_back(std::to_string(report.loaded) + " rows can be read");
  if (report.dropped.total() > 0) {
    check.wrong.push_back(std::to_string(report.dropped.total()) +
                          " rows cannot be read: " + report.dropped.text());
  }
  if (contents->key == addrbook::BookKey{}) {
    check.wrong.push_back("it has no key: a node that starts will give it one");
  }
  for (const auto& [network, rows] : contents->addresses) check.addresses += rows.size();
  check.bans = contents->bans.size();
  check_places(home, *contents, now, check);
  return check;
}

}  // namespace peerage::cmd

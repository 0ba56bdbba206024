// What the address book's file costs: rows written in batches, a book opened and loaded.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>

#include <unistd.h>

#include "addrbook/file/book_file.h"
#include "tests/support/book_rows.h"

namespace {

using namespace peerage;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kRows = 80'000;  // about a full book
constexpr std::size_t kBatch = 5'000;

double milliseconds(Clock::duration span) {
  return std::chrono::duration<double, std::milli>(span).count();
}

template <typename T>
T expect(conn::Result<T> result) {
  if (result) return std::move(*result);
  std::fprintf(stderr, "%s\n", result.error().text().c_str());
  std::exit(1);
}
void expect(const conn::Result<void>& result) {
  if (result) return;
  std::fprintf(stderr, "%s\n", result.error().text().c_str());
  std::exit(1);
}

// What a crawl of 80 000 nodes hears: each source sends 250 addresses.
addrbook::Provenance told(std::size_t number, std::chrono::hours later = {}) {
  const auto at = test::kBookNow - std::chrono::hours(1000) + later +
                  std::chrono::seconds(static_cast<std::int64_t>(number / 16));
  return {"net",
          test::id_of(1'000'000 + number / 250),
          test::row_of(number * 7919 % kRows).address,
          at,
          at,
          1};
}

// Batches of as many addresses as rows of their sources, `first` up to `end`.
void measure_told(const std::string& where, const char* what, addrbook::BookFile& file,
                  std::size_t first, std::size_t end, std::chrono::hours later = {}) {
  Clock::duration all{0}, worst{0};
  for (std::size_t i = first; i < end; i += kBatch) {
    addrbook::Batch batch;
    const std::size_t address = i % kRows;
    batch.addresses.push_back(test::rows_of("net", address, address + kBatch));
    for (std::size_t j = i; j < i + kBatch; ++j) batch.provenance.push_back(told(j, later));
    const auto began = Clock::now();
    expect(file.apply(batch));
    all += Clock::now() - began;
    worst = std::max(worst, Clock::now() - began);
  }
  std::printf("%-10s %-28s %8.0f rows/s, worst batch of %zu: %.0f ms\n", where.c_str(), what,
              2 * static_cast<double>(end - first) / milliseconds(all) * 1000, 2 * kBatch,
              milliseconds(worst));
}

void measure_told(const std::string& where, const std::filesystem::path& path) {
  static constexpr std::size_t kFull = addrbook::kMaxProvenanceRows;
  {
    auto opened = expect(addrbook::BookFile::open(path, test::options_with(1), test::kBookNow));
    measure_told(where, "and sources, new", opened.file, 0, kRows);
    measure_told(where, "and sources, again", opened.file, 0, kRows, std::chrono::hours(1));
    measure_told(where, "and sources, until it is full", opened.file, kRows, kFull);
    measure_told(where, "full, and sources again", opened.file, 0, kRows, std::chrono::hours(200));
    measure_told(where, "full, and new sources", opened.file, kFull, kFull + kRows);
    expect(opened.file.close());
  }
  const auto began = Clock::now();
  auto opened = expect(addrbook::BookFile::open(path, test::options_with(1), test::kBookNow));
  const auto checked = Clock::now();
  const auto list =
      expect(opened.file.provenance({.id = told(kFull).address.id}, test::kBookNow, opened.report));
  std::printf("%-10s full       open %.0f ms, sources of one (%zu) %.2f ms, file %.1f MB\n",
              where.c_str(), milliseconds(checked - began), list.total,
              milliseconds(Clock::now() - checked),
              static_cast<double>(std::filesystem::file_size(path)) / 1e6);
}

void measure_load(const std::string& where, const std::filesystem::path& path) {
  const auto began = Clock::now();
  auto opened = expect(addrbook::BookFile::open(path, test::options_with(1), test::kBookNow));
  const auto checked = Clock::now();
  const auto contents = expect(opened.file.load(test::kBookNow, opened.report));
  std::printf("%-10s open       %8.0f ms, load %zu rows %.0f ms, file %.1f MB\n", where.c_str(),
              milliseconds(checked - began), contents.addresses.at("net").size(),
              milliseconds(Clock::now() - checked),
              static_cast<double>(std::filesystem::file_size(path)) / 1e6);
}

void measure(const std::string& where) {
  std::string name = where + "/peerage-bench-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) return;
  const std::filesystem::path path = name + "/addrbook.db";
  {
    auto opened = expect(addrbook::BookFile::open(path, test::options_with(1), test::kBookNow));
    for (const char* what : {"new rows", "rows again"}) {
      Clock::duration all{0}, worst{0};
      for (std::size_t i = 0; i < kRows; i += kBatch) {
        addrbook::Batch batch;
        batch.addresses.push_back(test::rows_of("net", i, i + kBatch));
        const auto began = Clock::now();
        expect(opened.file.apply(batch));
        all += Clock::now() - began;
        worst = std::max(worst, Clock::now() - began);
      }
      std::printf("%-10s %-10s %8.0f rows/s, worst batch of %zu: %.0f ms\n", where.c_str(), what,
                  static_cast<double>(kRows) / milliseconds(all) * 1000, kBatch,
                  milliseconds(worst));
    }
    const auto began = Clock::now();
    expect(opened.file.close());
    std::printf("%-10s close      %8.0f ms\n", where.c_str(), milliseconds(Clock::now() - began));
  }
  measure_load(where, path);
  measure_told(where, path);
  std::filesystem::remove_all(name);
}

}  // namespace

int main() {
  measure("/tmp");
  measure("/dev/shm");
  return 0;
}

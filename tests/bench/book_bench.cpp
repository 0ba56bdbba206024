// What the address book's file costs: rows written in batches, a book opened and loaded.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>

#include <unistd.h>

#include "addrbook/book_file.h"
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
  const auto began = Clock::now();
  auto opened = expect(addrbook::BookFile::open(path, test::options_with(1), test::kBookNow));
  const auto checked = Clock::now();
  const auto contents = expect(opened.file.load(test::kBookNow, opened.report));
  std::printf("%-10s open       %8.0f ms, load %zu rows %.0f ms, file %.1f MB\n", where.c_str(),
              milliseconds(checked - began), contents.addresses.at("net").size(),
              milliseconds(Clock::now() - checked),
              static_cast<double>(std::filesystem::file_size(path)) / 1e6);
  std::filesystem::remove_all(name);
}

}  // namespace

int main() {
  measure("/tmp");
  measure("/dev/shm");
  return 0;
}

// addrbook.json on the disk.
#include "addrbook/json/file.h"

#include "addrbook/record/book_reason.h"
#include "conn/base/file.h"
#include "conn/base/file_reason.h"

namespace peerage::addrbook {
namespace {

using conn::fail;
using conn::FileError;
using conn::Stage;

std::string shown(const std::filesystem::path& path, const std::string& what) {
  return conn::printable(path.native(), 1024) + ": " + what;
}

}  // namespace

conn::Result<JsonBook> load_json_book(const std::filesystem::path& path, Time now) {
  const auto text = conn::read_file(path, kMaxJsonFile);
  if (!text && text.error().kind == FileError::Kind::too_long) {
    return fail(Stage::configuration, BookReason::address_file_malformed,
                shown(path, "it is longer than " + std::to_string(kMaxJsonFile >> 20) + " MiB"));
  }
  if (!text) {
    return fail(Stage::configuration, BookReason::address_file_unreadable,
                shown(path, text.error().what));
  }
  auto book = parse_json_book(*text, now);
  if (!book) book.error().detail = shown(path, book.error().detail);
  return book;
}

conn::Result<void> save_json_book(const std::filesystem::path& path, std::string_view text) {
  const auto saved = conn::write_file(path, text, conn::Readers::all, conn::IfExists::replace);
  if (saved) return {};
  return fail(Stage::configuration,
              conn::file_reason(saved.error().number, BookReason::address_file_unwritable),
              shown(path, saved.error().what));
}

}  // namespace peerage::addrbook

#include "cmd/addrbook/takeover.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "addrbook/file/book_file.h"
#include "addrbook/json/file.h"
#include "addrbook/record/book_reason.h"
#include "cmd/addrbook/mirror.h"
#include "conn/base/bytes.h"
#include "conn/base/file.h"

namespace peerage::cmd {

using addrbook::Added;
using conn::fail;
using conn::LogLevel;
using conn::Stage;

namespace {

// More changes of program than any operator makes; beyond, the operator has to look at the files.
constexpr int kMaxOriginals = 9;

bool is_ours(const BookHome& home, const std::filesystem::path& json) {
  addrbook::Report report;
  const auto contents = addrbook::BookFile::read(home.file, book_now(), report);
  if (!contents) return false;
  const auto text = conn::read_file(json, addrbook::kMaxJsonFile);
  return text && is_mirror(*text, contents->key);
}

bool have_same_text(const std::filesystem::path& one, const std::filesystem::path& other) {
  const auto text = conn::read_file(one, addrbook::kMaxJsonFile);
  const auto text_of_other = conn::read_file(other, addrbook::kMaxJsonFile);
  return text && text_of_other && *text == *text_of_other;
}

std::size_t count(const ImportReport& report, Added outcome) {
  return report.outcomes.at(static_cast<std::size_t>(outcome));
}

// The most frequent reason for leaving addresses out, and how often.
std::string main_reason(const ImportReport& report) {
  // The first two are no refusals.
  const auto* most = std::max_element(std::next(report.outcomes.begin(), 2), report.outcomes.end());
  if (report.bad_count >= *most) return std::to_string(report.bad_count) + " make no sense";
  const auto outcome = static_cast<Added>(std::distance(report.outcomes.begin(), most));
  std::string text = std::to_string(*most) + " " + std::string(name(outcome));
  if (outcome == Added::unroutable) text += ": private or the like, and addr_book_strict is true";
  return text;
}

}  // namespace

std::vector<std::filesystem::path> names_of_originals(const std::filesystem::path& file) {
  std::vector<std::filesystem::path> names = {file.native() + ".before-peerage"};
  for (int number = 2; number <= kMaxOriginals; ++number) {
    names.emplace_back(names.front().native() + "." + std::to_string(number));
  }
  return names;
}

conn::Result<std::filesystem::path> keep_original(const std::filesystem::path& file) {
  const auto refuse = [](const std::filesystem::path& path, const std::string& why) {
    return fail(Stage::configuration, addrbook::BookReason::address_file_unwritable,
                conn::printable(path.native(), 1024) + ": " + why);
  };
  std::filesystem::path name;
  std::error_code error;
  for (std::filesystem::path& each : names_of_originals(file)) {
    name = std::move(each);
    if (!std::filesystem::exists(name, error)) break;
    if (have_same_text(file, name)) return name;
  }
  if (std::filesystem::exists(name, error)) {
    return refuse(name, "there are too many of these already");
  }
  // Of a symbolic link its target: a second link to the link would keep nothing.
  if (::linkat(AT_FDCWD, file.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) == 0) {
    conn::sync_directory_of(name);
    return name;
  }
  // A file system without hard links: a copy.
  if (errno == EEXIST) return refuse(name, std::strerror(errno));
  const auto text = conn::read_file(file, addrbook::kMaxJsonFile);
  if (!text) return refuse(file, text.error().what);
  const auto written = conn::write_file(name, *text, conn::Readers::all, conn::IfExists::replace);
  if (!written) return refuse(name, written.error().what);
  return name;
}

bool take_over_json(const BookHome& home, const std::string& network,
                    const std::filesystem::path& json, const conn::Log& log) {
  std::error_code error;
  if (!std::filesystem::exists(json, error) || is_ours(home, json)) return true;
  const auto imported = import_json(home, network, json, book_now());
  if (!imported) {
    // A node can do without; a comet node would stop.
    log.write(LogLevel::warn, "no addresses could be taken over; the file stays as it is",
              {{"from", json.string()}, {"why", imported.error().text()}});
    return false;
  }
  const std::size_t added = count(*imported, Added::added);
  const std::size_t left_out = imported->entries - added - count(*imported, Added::known);
  if (left_out > 0 && left_out == imported->entries) {
    log.write(
        LogLevel::warn, "no addresses could be taken over; the file stays as it is",
        {{"from", json.string()}, {"entries", imported->entries}, {"why", main_reason(*imported)}});
    return false;
  }
  const auto kept = keep_original(json);
  if (!kept) {
    log.write(LogLevel::warn, "the address file cannot be kept beside ours; it stays as it is",
              {{"from", json.string()}, {"why", kept.error().text()}});
    return false;
  }
  log.write(LogLevel::info, "addresses taken over",
            {{"from", json.string()},
             {"entries", imported->entries},
             {"added", added},
             {"kept", kept->string()}});
  if (left_out > 0) {
    log.write(LogLevel::warn, "some addresses could not be taken over; they are in the file kept",
              {{"left_out", left_out}, {"mostly", main_reason(*imported)}});
  }
  return true;
}

}  // namespace peerage::cmd

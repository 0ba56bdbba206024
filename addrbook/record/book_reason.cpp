#include "addrbook/record/book_reason.h"

#include <cstddef>

namespace peerage::addrbook {
namespace {

constexpr auto kTexts = conn::reason_texts<BookReason>({
    {BookReason::address_file_unreadable,
     {"address_file_unreadable", "the file of addresses cannot be read",
      "check its path, owner and mode"}},
    {BookReason::address_file_unwritable,
     {"address_file_unwritable", "the file of addresses cannot be written",
      "check that the directory exists and may be written, and the disk"}},
    {BookReason::address_file_malformed,
     {"address_file_malformed", "the file of addresses is no addrbook.json",
      "a comet node panics on such a file, too"}},
    {BookReason::book_missing,
     {"book_missing", "there is no address book file", "a node makes one when it first starts"}},
    {BookReason::book_in_use,
     {"book_in_use", "the address book is in use by another program",
      "two nodes cannot share one; a tool that holds it open must close it"}},
    {BookReason::book_unreadable,
     {"book_unreadable", "the address book file cannot be read",
      "check its owner and mode, and the disk"}},
    {BookReason::book_unwritable,
     {"book_unwritable", "the address book file cannot be written",
      "check the disk, and the owner and mode of the file"}},
    {BookReason::book_corrupt,
     {"book_corrupt", "the address book file is damaged",
      "a node that starts moves it aside and keeps the rows that can still be read"}},
    {BookReason::book_foreign,
     {"book_foreign", "the file in the place of the address book is another program's",
      "check the configured path"}},
    {BookReason::book_newer,
     {"book_newer", "the address book is of a newer version of this program",
      "run that version, or move the file away and let the node begin a new one"}},
});
static_assert(kTexts.size() == static_cast<std::size_t>(BookReason::book_newer) + 1);

const conn::ReasonModule kModule{kTexts};

}  // namespace

const conn::ReasonText& reason_text(BookReason reason) noexcept {
  return kTexts[static_cast<std::size_t>(reason)];
}

}  // namespace peerage::addrbook

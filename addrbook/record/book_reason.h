// Why a file of addresses cannot be used: the address book's own, and addrbook.json
// (conn/base/reason.h).
//
// Threads: plain values.
#pragma once

#include <cstdint>

#include "conn/base/reason.h"

namespace peerage::addrbook {

enum class BookReason : std::uint8_t {
  address_file_unreadable,
  address_file_unwritable,
  address_file_malformed,
  book_missing,
  book_in_use,
  book_unreadable,
  book_unwritable,
  book_corrupt,
  book_foreign,
  book_newer,
};
const conn::ReasonText& reason_text(BookReason reason) noexcept;

}  // namespace peerage::addrbook

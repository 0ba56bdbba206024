// The answer that we give from the book: one for a day, so that asking again and again does not
// reveal the whole book.
//
// A small book has no such secret, and a young one better addresses each hour: an answer is kept
// only from a book larger than one answer, and only until that has doubled. What rests or is gone
// meanwhile is left out. (Bitcoin Core caches its getaddr answers for a day for the same reason.)
//
// Threads: none of its own (the control shard).
#pragma once

#include <cstddef>
#include <vector>

#include "addrbook/book/address_book.h"

namespace peerage::pex {

class AnswerCache {
 public:
  static constexpr addrbook::Seconds kLife = std::chrono::hours(24);

  // What to answer now.
  std::vector<conn::NetAddress> answer(addrbook::AddressBook& book, addrbook::Time now);

 private:
  std::vector<conn::NetAddress> kept_;
  addrbook::Time since_ = addrbook::kNever;
  std::size_t book_size_ = 0;  // when it was made
};

}  // namespace peerage::pex

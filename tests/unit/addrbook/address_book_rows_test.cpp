// What the book gives to a file, and what it takes from one.
#include <vector>

#include "addrbook/address_book.h"

#include <gtest/gtest.h>

#include "tests/support/book_fixture.h"

namespace peerage::addrbook {
namespace {

using conn::Reason;
using test::address;
using test::scattered;
using namespace std::chrono_literals;

class AddressBookRows : public test::BookTest {};

TEST_F(AddressBookRows, EmptyChangesMeanThatThereAreNoMore) {
  for (std::uint32_t i = 0; i < 100; ++i) ASSERT_EQ(hear(scattered(i)), Added::added);
  for (std::uint32_t i = 50; i < 100; ++i) ASSERT_TRUE(book.forget(scattered(i)));
  std::size_t written = 0;
  for (Changes part = book.take_changes(10); !part.empty(); part = book.take_changes(10)) {
    written += part.written.size();
  }
  EXPECT_EQ(written, 50u);
  EXPECT_FALSE(book.has_changes());
}

}  // namespace
}  // namespace peerage::addrbook

// A book and short names for the addresses, sources and times that tests of it speak of.
#pragma once

#include <cstdint>
#include <string_view>

#include <gtest/gtest.h>

#include "addrbook/book/address_book.h"
#include "tests/support/addresses.h"

namespace peerage::test {

using addrbook::Seconds;
using addrbook::Time;

inline constexpr Time kBookStart{std::chrono::days(20'000)};

conn::NetAddress address(std::uint32_t id, std::string_view ip_text, std::uint16_t port = 26656);

// The n-th of many addresses that lie in different /24s, and mostly in different /16s.
conn::NetAddress scattered(std::uint32_t n);

addrbook::Source told_by(std::string_view ip_text);

addrbook::BookKey book_key(std::uint8_t number = 1);

inline conn::Random::Seed seed(std::uint8_t number = 1) {
  return conn::Random::Seed{number};
}

class BookTest : public ::testing::Test {
 protected:
  explicit BookTest(addrbook::BookConfig config = roomy());
  ~BookTest() override;

  // No limit on gossip: most tests are about other rules.
  static addrbook::BookConfig roomy();
  // Of so few places that they are soon taken.
  static addrbook::BookConfig with(addrbook::Geometry geometry);
  // With what the internet does not route.
  static addrbook::BookConfig lax();

  addrbook::Added hear(const conn::NetAddress& address, std::string_view source = "77.1.2.3");
  // A dial that reaches it and ends well.
  void visit(const conn::NetAddress& address);
  void make_tried(const conn::NetAddress& address);
  void fail(const conn::NetAddress& address, conn::Reason reason = conn::Reason::connect_timed_out,
            conn::Stage stage = conn::Stage::connect);
  // We can reach others: only then does a failure count.
  void meet_someone();

  Time now = kBookStart;
  addrbook::AddressBook book;
};

}  // namespace peerage::test

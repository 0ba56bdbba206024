// A book and short names for the addresses, sources and times that tests of it speak of.
#pragma once

#include <string_view>

#include <gtest/gtest.h>

#include "addrbook/address_book.h"
#include "tests/support/addresses.h"

namespace peerage::test {

using addrbook::Seconds;
using addrbook::Time;

inline constexpr Time kBookStart{std::chrono::days(20'000)};

inline conn::NodeId numbered_id(std::uint32_t number) {
  conn::ByteArray<conn::NodeId::kBytes> bytes{};
  for (std::size_t i = 0; i < 4; ++i) bytes[i] = static_cast<std::uint8_t>(number >> (8 * (3 - i)));
  bytes[19] = 1;
  return conn::NodeId(bytes);
}

inline conn::NetAddress address(std::uint32_t id, std::string_view ip_text,
                                std::uint16_t port = 26656) {
  return {numbered_id(id), {ip(ip_text), port}};
}

// The n-th of many addresses that lie in different /24s, and mostly in different /16s.
inline conn::NetAddress scattered(std::uint32_t n) {
  const auto ip = conn::IpAddress::v4(static_cast<std::uint8_t>(20 + n % 80),
                                      static_cast<std::uint8_t>(n / 80 % 250),
                                      static_cast<std::uint8_t>(n / 20000), 1);
  return {numbered_id(1'000'000 + n), {ip, 26656}};
}

inline addrbook::Source told_by(std::string_view ip_text) {
  return {ip(ip_text), {}, addrbook::Origin::pex, addrbook::Word::answer};
}

inline addrbook::BookKey book_key(std::uint8_t number = 1) {
  addrbook::BookKey key{};
  for (std::size_t i = 0; i < key.size(); ++i) key[i] = static_cast<std::uint8_t>(number * 31 + i);
  return key;
}

inline addrbook::Random::Seed seed(std::uint8_t number = 1) {
  return addrbook::Random::Seed{number};
}

class BookTest : public ::testing::Test {
 protected:
  explicit BookTest(addrbook::BookConfig config = roomy())
      : book("test-chain", numbered_id(0), book_key(), seed(), std::move(config)) {}

  // No limit on what is told: most tests are about other rules.
  static addrbook::BookConfig roomy() {
    addrbook::BookConfig config;
    config.told_burst = 1e9;
    return config;
  }
  // Of so few places that they are soon taken.
  static addrbook::BookConfig with(addrbook::Geometry geometry) {
    addrbook::BookConfig config = roomy();
    config.geometry = geometry;
    return config;
  }
  // With what the internet does not route.
  static addrbook::BookConfig lax() {
    addrbook::BookConfig config = roomy();
    config.strict = conn::IpAddress::Strict::no;
    return config;
  }

  addrbook::Added hear(const conn::NetAddress& address, std::string_view source = "77.1.2.3") {
    return book.add(address, told_by(source), now);
  }
  // A dial that reaches it and ends well.
  void visit(const conn::NetAddress& address) {
    book.mark_attempt(address, now);
    book.mark_connected(address, std::chrono::microseconds(5000), now);
    book.mark_verified(address, {"moniker", "0.38.0", {}}, now);
  }
  void vet(const conn::NetAddress& address) {
    visit(address);
    book.mark_useful(address, now);
  }
  void fail(const conn::NetAddress& address, conn::Reason reason = conn::Reason::connect_timed_out,
            conn::Stage stage = conn::Stage::connect) {
    book.mark_attempt(address, now);
    book.mark_failed(address, {stage, reason, {}}, now);
  }
  // We can reach others: only then does a failure count.
  void meet_someone() { book.mark_connected(address(999, "9.9.9.9"), {}, now); }

  Time now = kBookStart;
  addrbook::AddressBook book;
};

}  // namespace peerage::test

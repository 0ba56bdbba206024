#include "tests/support/book_fixture.h"

#include <chrono>
#include <cstddef>
#include <utility>

namespace peerage::test {

conn::NetAddress address(std::uint32_t id, std::string_view ip_text, std::uint16_t port) {
  return {numbered_id(id), {ip(ip_text), port}};
}

conn::NetAddress scattered(std::uint32_t n) {
  const auto ip = conn::IpAddress::v4(static_cast<std::uint8_t>(20 + n % 80),
                                      static_cast<std::uint8_t>(n / 80 % 250),
                                      static_cast<std::uint8_t>(n / 20000), 1);
  return {numbered_id(1'000'000 + n), {ip, 26656}};
}

addrbook::Source told_by(std::string_view ip_text) {
  return {ip(ip_text), {}, addrbook::Origin::pex, addrbook::Word::answer};
}

addrbook::BookKey book_key(std::uint8_t number) {
  addrbook::BookKey key{};
  for (std::size_t i = 0; i < key.size(); ++i)
    key[i] = static_cast<std::uint8_t>(std::size_t{number} * 31 + i);
  return key;
}

BookTest::BookTest(addrbook::BookConfig config)
    : book("test-chain", numbered_id(0), book_key(), seed(), std::move(config)) {}
BookTest::~BookTest() = default;

addrbook::BookConfig BookTest::roomy() {
  addrbook::BookConfig config;
  config.told_burst = 1e9;
  return config;
}
addrbook::BookConfig BookTest::with(addrbook::Geometry geometry) {
  addrbook::BookConfig config = roomy();
  config.geometry = geometry;
  return config;
}
addrbook::BookConfig BookTest::lax() {
  addrbook::BookConfig config = roomy();
  config.strict = conn::IpAddress::Strict::no;
  return config;
}

addrbook::Added BookTest::hear(const conn::NetAddress& address, std::string_view source) {
  return book.add(address, told_by(source), now);
}
void BookTest::visit(const conn::NetAddress& address) {
  book.mark_attempt(address, now);
  book.mark_connected(address, std::chrono::microseconds(5000), now);
  book.mark_verified(address, {"moniker", "0.38.0", {}}, now);
}
void BookTest::make_tried(const conn::NetAddress& address) {
  visit(address);
  book.mark_useful(address, now);
}
void BookTest::fail(const conn::NetAddress& address, conn::Reason reason, conn::Stage stage) {
  book.mark_attempt(address, now);
  book.mark_failed(address, {stage, reason, {}}, now);
}
void BookTest::meet_someone() {
  book.mark_connected(address(999, "9.9.9.9"), {}, now);
}

}  // namespace peerage::test

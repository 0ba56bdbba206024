#include "tests/support/book_rows.h"

#include <memory>
#include <utility>

namespace peerage::test {

conn::NodeId id_of(std::size_t number) {
  // Spread over all IDs, as hashes are.
  std::uint64_t mixed = (number + 1) * 0x9e3779b97f4a7c15;
  mixed ^= mixed >> 29;
  conn::ByteArray<20> bytes{};
  for (std::size_t i = 0; i < 8; ++i) bytes[i] = static_cast<std::uint8_t>(mixed >> (56 - 8 * i));
  for (std::size_t i = 0; i < 8; ++i) {
    bytes[12 + i] = static_cast<std::uint8_t>(std::uint64_t{number} >> (56 - 8 * i));
  }
  bytes[8] = 1;  // never the zero ID
  return conn::NodeId(bytes);
}

addrbook::KnownAddress row_of(std::size_t number) {
  using namespace addrbook;
  using std::chrono::seconds;
  const auto byte = [number](int shift) { return static_cast<std::uint8_t>(number >> shift); };
  KnownAddress row;
  row.address.id = id_of(number);
  row.address.endpoint = {conn::IpAddress::v4(11, byte(16), byte(8), byte(0)),
                          static_cast<std::uint16_t>(1 + number % 65'535)};
  row.source = conn::IpAddress::v4(44, byte(8), byte(0), 1);
  row.origin = static_cast<Origin>(number % kOriginCount);
  row.kind = number % 4 == 0 ? Kind::tried : Kind::new_;
  row.wrong_ids = byte(0);
  row.failed_stage = static_cast<conn::Stage>(number % conn::kStageCount);
  const auto& reasons = conn::ReasonModule::all().front();
  row.failure = conn::Reason::of(reasons[number % reasons.size()]);
  row.failures = static_cast<std::uint32_t>(number * 7);
  row.attempts = static_cast<std::uint32_t>(number * 11);
  row.round_trip_us = static_cast<std::uint32_t>(number * 13);
  const auto ago = [number](int scale) {
    return kBookNow - seconds(1 + static_cast<std::int64_t>(number % 10'000) * scale);
  };
  row.first_seen = ago(90);
  row.last_seen = ago(80);
  row.last_attempt = ago(70);
  row.last_failed = ago(60);
  row.last_connected = ago(50);
  row.verified_since = ago(40);
  row.last_verified = ago(30);
  row.connected_since = number % 2 == 0 ? ago(20) : kNever;
  row.bad_until = kBookNow + seconds(number % 86'400);
  row.reliability.record(Outcome::succeeded, ago(30));
  if (number % 3 == 0) row.reliability.record(Outcome::failed, ago(10));
  if (number % 5 != 0) {
    NodeFacts facts{"node " + std::to_string(number), "0.38." + std::to_string(number % 30), {}};
    for (std::size_t i = 0; i < number % 17; ++i) {
      facts.channels.push_back(conn::ChannelId{static_cast<std::uint8_t>(0x20 + i)});
    }
    row.facts = std::make_shared<const NodeFacts>(std::move(facts));
  }
  return row;
}

addrbook::Changes rows_of(const std::string& network, std::size_t first, std::size_t end) {
  addrbook::Changes changes{network, false, {}, {}};
  for (std::size_t i = first; i < end; ++i) changes.written.push_back(row_of(i));
  return changes;
}

addrbook::BanRow ban_of(std::size_t number) {
  using std::chrono::seconds;
  const auto age = seconds(static_cast<std::int64_t>(number));
  addrbook::BanRow row{id_of(number), kBookNow + std::chrono::hours(24) - age, kBookNow - age,
                       "reason " + std::to_string(number)};
  if (number % 2 == 1) {
    row.target = conn::Cidr(conn::IpAddress::v4(66, static_cast<std::uint8_t>(number >> 8),
                                                static_cast<std::uint8_t>(number), 0),
                            24);
  }
  return row;
}

addrbook::Provenance told_of(std::size_t number, const std::string& network) {
  const auto age = std::chrono::seconds(static_cast<std::int64_t>(number % 10'000));
  return {network,
          id_of(1'000'000 + number / 10 % 100),
          row_of(number).address,
          kBookNow - age - std::chrono::hours(1),
          kBookNow - age,
          static_cast<std::uint32_t>(1 + number % 7)};
}

addrbook::DiscoveryNode discovered_of(std::size_t number) {
  addrbook::DiscoveryNode node;
  const auto mark = [number](auto& bytes, std::uint8_t fill) {
    bytes.fill(fill);
    for (int i = 0; i < 4; ++i) bytes[i] = static_cast<std::uint8_t>(number >> (24 - 8 * i));
  };
  mark(node.id, 1);
  mark(node.key, 2);
  node.udp = {conn::IpAddress::v4(11, 0, static_cast<std::uint8_t>(number >> 8),
                                  static_cast<std::uint8_t>(number)),
              30303};
  node.tcp = static_cast<std::uint16_t>(number % 3 == 0 ? 0 : 26656);
  if (number % 2 == 0) node.record = conn::Bytes(100 + number % 201, 3);
  node.speaks_v4 = number % 3 != 1;
  node.speaks_v5 = number % 3 != 2;
  node.first_seen = kBookNow - std::chrono::hours(100) + addrbook::Seconds(number % 1000);
  node.last_live = kBookNow - addrbook::Seconds(number % 1000);
  node.checks = static_cast<std::uint32_t>(3 + number);
  return node;
}

addrbook::BookKey key_of(std::uint8_t fill) {
  addrbook::BookKey key;
  key.fill(fill);
  return key;
}

addrbook::BookFile::Options options_with(std::uint8_t fill, const char* vfs) {
  addrbook::BookFile::Options options;
  options.fresh_key = key_of(fill);
  options.patience_ms = 20;
  options.vfs = vfs;
  return options;
}

}  // namespace peerage::test

#include "addrbook/file/row.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <memory>
#include <tuple>
#include <type_traits>
#include <utility>

namespace peerage::addrbook::row {

const std::string_view kAddressColumns =
    "id, ip, port, source, origin, kind, wrong_ids, failed_stage, failure, failures, attempts, "
    "round_trip_us, first_seen, last_seen, last_attempt, last_failed, last_connected, "
    "verified_since, last_verified, connected_since, bad_until, reliability, last_outcome, "
    "moniker, version, channels, said_itself";
const std::string_view kAddressColumnsBefore =
    "id, ip, port, source, origin, kind, wrong_ids, failed_stage, failure, failures, attempts, "
    "round_trip_us, first_seen, last_seen, last_attempt, last_failed, last_connected, "
    "verified_since, last_verified, connected_since, bad_until, reliability, last_outcome, "
    "moniker, version, channels, 0";

namespace {

bool printable_within(std::string_view text, std::size_t limit) {
  return text.size() <= limit &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

Time past(std::int64_t seconds, Time now) {
  const Time time{Seconds(std::max<std::int64_t>(seconds, 0))};
  return time > now + kClockSlack ? now : time;
}

// Takes the columns of a row one after another, and keeps the first fault: what is taken after it
// has any value, and is not used.
class Reader {
 public:
  Reader(std::span<const sqlite::Value> values, Time now) : values_(values), now_(now) {}

  template <typename T>
  T take() {
    const sqlite::Value& value = values_[next_++];
    if (const T* held = std::get_if<T>(&value)) return *held;
    return fault<T>(DropCause::wrong_type);
  }
  std::int64_t number() { return take<std::int64_t>(); }
  std::string_view word() { return take<std::string_view>(); }
  conn::ByteView blob() { return take<conn::ByteView>(); }
  bool is_null() const { return std::holds_alternative<std::monostate>(values_[next_]); }
  void skip() { ++next_; }

  template <std::unsigned_integral T>
  T count() {
    const std::int64_t value = number();
    if (value < 0 || value > std::int64_t{std::numeric_limits<T>::max()}) {
      return fault<T>(DropCause::bad_number);
    }
    return static_cast<T>(value);
  }
  Time time() { return past(number(), now_); }
  template <std::size_t N>
  conn::ByteArray<N> bytes(DropCause otherwise) {
    const conn::ByteView view = blob();
    conn::ByteArray<N> result{};
    if (view.size() != N) return fault<conn::ByteArray<N>>(otherwise);
    std::copy(view.begin(), view.end(), result.begin());
    return result;
  }
  std::string text(std::size_t limit) {
    const std::string_view held = word();
    if (!printable_within(held, limit)) return fault<std::string>(DropCause::bad_text);
    return std::string(held);
  }
  // One of the first `count` values of an enumeration, by name.
  template <typename Enum>
  std::optional<Enum> named(std::size_t count) {
    const std::string_view held = word();
    for (std::size_t i = 0; i < count; ++i) {
      if (name(static_cast<Enum>(i)) == held) return static_cast<Enum>(i);
    }
    return std::nullopt;
  }

  void require(bool holds, DropCause otherwise) {
    if (!holds) (void)fault<int>(otherwise);
  }
  const std::optional<DropCause>& fault() const { return fault_; }

 private:
  template <typename T>
  T fault(DropCause cause) {
    if (!fault_) fault_ = cause;
    return T{};
  }

  std::span<const sqlite::Value> values_;
  Time now_;
  std::size_t next_ = 0;
  std::optional<DropCause> fault_;
};

// Floats of IEEE 754, the lowest byte first.
void put_float(std::uint8_t* to, float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  for (int i = 0; i < 4; ++i) to[i] = static_cast<std::uint8_t>(bits >> (8 * i));
}
float get_float(const std::uint8_t* from) {
  std::uint32_t bits = 0;
  for (int i = 0; i < 4; ++i) bits |= std::uint32_t{from[i]} << (8 * i);
  return std::bit_cast<float>(bits);
}

Reliability reliability_of(const conn::ByteArray<Reliability::kWindows * 8>& bytes, Time last) {
  std::array<Reliability::Window, Reliability::kWindows> windows;
  for (std::size_t i = 0; i < windows.size(); ++i) {
    windows[i] = {get_float(bytes.data() + 8 * i), get_float(bytes.data() + 8 * i + 4)};
  }
  return Reliability::restored(windows, last);
}

conn::NetAddress take_address(Reader& reader) {
  conn::NetAddress address;
  address.id = conn::NodeId(reader.bytes<conn::NodeId::kBytes>(DropCause::bad_address));
  address.endpoint.ip = conn::IpAddress::v6(reader.bytes<16>(DropCause::bad_address));
  const std::int64_t port = reader.number();
  address.endpoint.port = static_cast<std::uint16_t>(port);
  reader.require(address.valid() && port >= 1 && port <= 65'535, DropCause::bad_address);
  return address;
}

std::shared_ptr<const NodeFacts> facts_of(Reader& reader) {
  if (reader.is_null()) {
    reader.skip();
    for (int i = 0; i < 2; ++i, reader.skip()) {
      reader.require(reader.is_null(), DropCause::wrong_type);
    }
    return nullptr;
  }
  auto facts = std::make_shared<NodeFacts>();
  facts->moniker = reader.text(NodeFacts::kMaxText);
  facts->version = reader.text(NodeFacts::kMaxText);
  const conn::ByteView channels = reader.blob();
  reader.require(channels.size() <= NodeFacts::kMaxChannels, DropCause::bad_text);
  if (reader.fault()) return nullptr;
  for (const std::uint8_t channel : channels) facts->channels.push_back(conn::ChannelId{channel});
  return facts;
}

std::int64_t stored(Time time) {
  return time.time_since_epoch().count();
}

}  // namespace

Judged<KnownAddress> address_of(const AddressValues& values, Time now) {
  Reader reader(values, now);
  KnownAddress row;
  row.address = take_address(reader);
  row.source = conn::IpAddress::v6(reader.bytes<16>(DropCause::bad_address));
  const auto origin = reader.named<Origin>(kOriginCount);
  const auto kind = reader.named<Kind>(2);
  reader.require(origin && kind, DropCause::bad_word);
  row.origin = origin.value_or(Origin::pex);
  row.kind = kind.value_or(Kind::new_);
  row.wrong_ids = reader.count<std::uint8_t>();
  row.failed_stage = reader.named<conn::Stage>(conn::kStageCount).value_or(conn::Stage::connect);
  row.failure = conn::reason_named(reader.word()).value_or(conn::Reason::io_error);
  row.failures = reader.count<std::uint32_t>();
  row.attempts = reader.count<std::uint32_t>();
  row.round_trip_us = reader.count<std::uint32_t>();
  row.first_seen = reader.time();
  row.last_seen = reader.time();
  row.last_attempt = reader.time();
  row.last_failed = reader.time();
  row.last_connected = reader.time();
  row.verified_since = reader.time();
  row.last_verified = reader.time();
  row.connected_since = reader.time();
  const Seconds rest(std::max<std::int64_t>(reader.number(), 0));
  row.bad_until = std::min(Time{rest}, now + kLongestRest);
  const auto windows = reader.bytes<Reliability::kWindows * 8>(DropCause::bad_number);
  row.reliability = reliability_of(windows, reader.time());
  row.facts = facts_of(reader);
  row.said_itself = reader.time();
  if (reader.fault()) return tl::unexpected(*reader.fault());
  return row;
}

void bind(sqlite::Statement& statement, std::int64_t network, const KnownAddress& address,
          AddressBytes& bytes) {
  int next = 1;
  const auto put = [&](auto value) {
    if constexpr (std::is_integral_v<decltype(value)>) {
      statement.bind(next++, std::int64_t{value});
    } else {
      statement.bind(next++, value);
    }
  };
  put(network);
  put(conn::ByteView(address.address.id.bytes()));
  put(conn::ByteView(address.address.endpoint.ip.bytes()));
  put(address.address.endpoint.port);
  put(conn::ByteView(address.source.bytes()));
  put(name(address.origin));
  put(name(address.kind));
  put(address.wrong_ids);
  put(name(address.failed_stage));
  put(name(address.failure));
  put(address.failures);
  put(address.attempts);
  put(address.round_trip_us);
  for (const Time time : {address.first_seen, address.last_seen, address.last_attempt,
                          address.last_failed, address.last_connected, address.verified_since,
                          address.last_verified, address.connected_since, address.bad_until}) {
    put(stored(time));
  }
  const auto& windows = address.reliability.windows();
  for (std::size_t i = 0; i < windows.size(); ++i) {
    put_float(bytes.reliability.data() + 8 * i, windows[i].score);
    put_float(bytes.reliability.data() + 8 * i + 4, windows[i].weight);
  }
  put(conn::ByteView(bytes.reliability));
  put(stored(address.reliability.last()));
  if (!address.facts) {
    for (int i = 0; i < 3; ++i) statement.bind_null(next++);
  } else {
    bytes.channels.clear();
    for (const conn::ChannelId channel : address.facts->channels) {
      bytes.channels.push_back(static_cast<std::uint8_t>(channel));
    }
    put(std::string_view(address.facts->moniker));
    put(std::string_view(address.facts->version));
    put(conn::ByteView(bytes.channels));
  }
  put(stored(address.said_itself));
}

Judged<BanRow> ban_of(const BanValues& values, Time now) {
  Reader reader(values, now);
  const std::string target = reader.text(64);
  Time until{Seconds(std::clamp<std::int64_t>(reader.number(), 0, stored(kFarthest)))};
  const Time added{Seconds(std::clamp<std::int64_t>(reader.number(), 0, stored(kFarthest)))};
  std::string reason = reader.text(BanRow::kMaxReason);
  const auto origin = reader.named<conn::BanOrigin>(conn::kBanOriginCount);
  reader.require(origin.has_value(), DropCause::bad_word);
  if (reader.fault()) return tl::unexpected(*reader.fault());
  BanRow row{conn::NodeId(), until, added, std::move(reason), *origin};
  // A clock that was ahead does not lengthen a ban: it keeps its duration.
  if (added > now + kClockSlack) {
    row.added = now;
    if (until < kFarthest) row.until = until > added ? now + (until - added) : now;
  }
  if (const auto id = conn::NodeId::parse(target)) {
    row.target = *id;
  } else if (const auto network = conn::Cidr::parse(target)) {
    row.target = *network;
  } else {
    return tl::unexpected(DropCause::bad_address);
  }
  // Two texts of one target would be two bans of it.
  if (conn::to_string(row.target) != target) return tl::unexpected(DropCause::bad_address);
  return row;
}

Judged<Provenance> provenance_of(const ProvenanceValues& values, Time now) {
  // Of a network that is not there, when it is NULL.
  auto network = network_name_of(values[0]);
  if (!network) return tl::unexpected(DropCause::unknown_network);
  Reader reader(std::span<const sqlite::Value>(values).subspan(1), now);
  Provenance row;
  row.network = std::move(*network);
  row.teller = conn::NodeId(reader.bytes<conn::NodeId::kBytes>(DropCause::bad_address));
  row.address = take_address(reader);
  reader.require(row.teller != conn::NodeId(), DropCause::bad_address);
  row.first_seen = reader.time();
  row.last_seen = reader.time();
  row.times = reader.count<std::uint32_t>();
  reader.require(row.times > 0, DropCause::bad_number);
  if (reader.fault()) return tl::unexpected(*reader.fault());
  row.first_seen = std::min(row.first_seen, row.last_seen);
  return row;
}

Judged<DiscoveryNode> discovery_node_of(const DiscoveryNodeValues& values, Time now) {
  Reader reader(values, now);
  DiscoveryNode row;
  row.id = reader.bytes<std::tuple_size_v<DiscoveryId>>(DropCause::bad_address);
  row.key = reader.bytes<64>(DropCause::bad_address);
  row.udp.ip = conn::IpAddress::v6(reader.bytes<16>(DropCause::bad_address));
  row.udp.port = reader.count<std::uint16_t>();
  row.tcp = reader.count<std::uint16_t>();
  if (reader.is_null()) {
    reader.skip();
  } else {
    const conn::ByteView record = reader.blob();
    const bool fits = !record.empty() && record.size() <= DiscoveryNode::kMaxRecord;
    reader.require(fits, DropCause::bad_text);
    if (fits) row.record.assign(record.begin(), record.end());
  }
  const auto flag = [&reader] {
    const std::int64_t number = reader.number();
    reader.require(number == 0 || number == 1, DropCause::bad_number);
    return number == 1;
  };
  row.speaks_v4 = flag();
  row.speaks_v5 = flag();
  row.first_seen = reader.time();
  row.last_live = reader.time();
  row.checks = reader.count<std::uint32_t>();
  reader.require(row.udp.port > 0 && !row.udp.ip.unspecified(), DropCause::bad_address);
  if (reader.fault()) return tl::unexpected(*reader.fault());
  row.first_seen = std::min(row.first_seen, row.last_live);
  return row;
}

Judged<DiscoveryBan> discovery_ban_of(const DiscoveryBanValues& values) {
  Reader reader(values, kNever);
  DiscoveryBan row;
  row.id = reader.bytes<std::tuple_size_v<DiscoveryId>>(DropCause::bad_address);
  if (!reader.is_null()) {
    row.until = Time{Seconds(std::clamp<std::int64_t>(reader.number(), 0, stored(kFarthest)))};
  }
  if (reader.fault()) return tl::unexpected(*reader.fault());
  return row;
}

bool is_network_name(std::string_view name) noexcept {
  return !name.empty() && printable_within(name, kMaxNetworkName);
}

Judged<std::string> network_name_of(const sqlite::Value& value) {
  const auto* text = std::get_if<std::string_view>(&value);
  if (text == nullptr) return tl::unexpected(DropCause::wrong_type);
  if (!is_network_name(*text)) return tl::unexpected(DropCause::unknown_network);
  return std::string(*text);
}

}  // namespace peerage::addrbook::row

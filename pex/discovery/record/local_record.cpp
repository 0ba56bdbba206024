#include "pex/discovery/record/local_record.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "pex/discovery/record/record_reason.h"
#include "pex/discovery/record/rlp.h"

namespace peerage::pex {
namespace {

constexpr std::uint64_t kLastSeq = std::numeric_limits<std::uint64_t>::max();

tl::unexpected<conn::Failure> invalid(std::string detail) {
  return conn::fail(conn::Stage::configuration, conn::Reason::invalid_argument, std::move(detail));
}

tl::unexpected<conn::Failure> too_large(std::size_t bytes) {
  return conn::fail(conn::Stage::configuration, RecordReason::record_too_large,
                    "with all addresses and ports it would have " + std::to_string(bytes) +
                        " bytes, and may have " + std::to_string(kMaxOwnEnrBytes));
}

bool is_one_item(conn::ByteView value) {
  RlpReader reader(value);
  return reader.item() && reader.at_end();
}

// The number before the first that may be given.
std::uint64_t seq_before(std::uint64_t stored, conn::WallTime wall_time) {
  const auto clock = std::max<std::int64_t>(wall_time.time_since_epoch().count(), 1);
  return std::max(stored, static_cast<std::uint64_t>(clock) - 1);
}

}  // namespace

EnrBuilder LocalRecord::Pairs::builder() const {
  EnrBuilder builder;
  for (const auto& [key, value] : others) builder.set(key, value);
  const auto set_ports = [&](std::string_view plain, std::string_view of_v6, const Ports& ports) {
    if (ports.v4 != 0) builder.set_number(plain, ports.v4);
    if (ports.v6 != 0 && ports.v6 != ports.v4) builder.set_number(of_v6, ports.v6);
  };
  set_ports("udp", "udp6", udp);
  set_ports("tcp", "tcp6", tcp);
  if (ip4) builder.set_ip(*ip4);
  if (ip6) builder.set_ip(*ip6);
  if (cmt && (tcp.v4 != 0 || tcp.v6 != 0)) builder.set("cmt", cmt->encode());
  return builder;
}

std::size_t LocalRecord::Pairs::largest() const {
  static constexpr Ports kLongest = {0xffff, 0xfffe};
  Pairs all = *this;
  all.ip4 = conn::IpAddress::v4(255, 255, 255, 255);
  all.ip6 = conn::IpAddress();
  all.udp = kLongest;
  all.tcp = kLongest;
  return all.builder().size(kLastSeq);
}

LocalRecord::LocalRecord(const conn::Secp256k1Key& key, const Start& start)
    : key_(key),
      gather_(start.gather),
      last_seq_(seq_before(start.stored_seq, start.wall_time)),
      changed_(conn::TimePoint::min()) {
  pairs_.udp = {start.udp_port, start.udp_port};
}

void LocalRecord::set_ip(const conn::IpAddress& ip, conn::TimePoint now) {
  Pairs changed = pairs_;
  (ip.is_v4() ? changed.ip4 : changed.ip6) = ip;
  change(std::move(changed), now);
}

void LocalRecord::remove_ip(IpFamily family, conn::TimePoint now) {
  Pairs changed = pairs_;
  (family == IpFamily::v4 ? changed.ip4 : changed.ip6).reset();
  change(std::move(changed), now);
}

void LocalRecord::set_udp_port(IpFamily family, std::uint16_t port, conn::TimePoint now) {
  Pairs changed = pairs_;
  changed.udp.of(family) = port;
  change(std::move(changed), now);
}

void LocalRecord::set_tcp_port(IpFamily family, std::uint16_t port, conn::TimePoint now) {
  Pairs changed = pairs_;
  changed.tcp.of(family) = port;
  change(std::move(changed), now);
}

conn::Result<std::size_t> LocalRecord::set_cmt(Cmt cmt, conn::TimePoint now) {
  // Whoever reads it must find the same in it.
  if (Cmt::decode(cmt.encode()) != cmt) {
    return invalid("a network is named by 1 to 50 printable ASCII characters");
  }
  Pairs changed = pairs_;
  changed.cmt = std::move(cmt);
  std::size_t left_out = 0;
  while (changed.largest() > kMaxOwnEnrBytes) {
    if (changed.cmt->networks.size() == 1) return too_large(changed.largest());
    changed.cmt->networks.pop_back();
    ++left_out;
  }
  change(std::move(changed), now);
  return left_out;
}

conn::Result<void> LocalRecord::set_pair(std::string_view key, conn::ByteView value,
                                         conn::TimePoint now) {
  if (is_reserved_pair(key)) return invalid("the pair " + std::string(key) + " is reserved");
  if (!is_one_item(value)) {
    return conn::fail(conn::Stage::configuration, RecordReason::record_malformed,
                      "the value is not one RLP item");
  }
  Pairs changed = pairs_;
  changed.others.insert_or_assign(std::string(key), conn::Bytes(value.begin(), value.end()));
  if (changed.largest() > kMaxOwnEnrBytes) return too_large(changed.largest());
  change(std::move(changed), now);
  return {};
}

conn::Result<void> LocalRecord::remove_pair(std::string_view key, conn::TimePoint now) {
  if (is_reserved_pair(key)) return invalid("the pair " + std::string(key) + " is reserved");
  Pairs changed = pairs_;
  changed.others.erase(std::string(key));
  change(std::move(changed), now);
  return {};
}

void LocalRecord::change(Pairs pairs, conn::TimePoint now) {
  pairs_ = std::move(pairs);
  if (!has_changed()) {
    changed_.reset();
  } else if (!changed_) {
    changed_ = now;
  }
}

bool LocalRecord::has_changed() const {
  return (!current_ && !pending_) || pairs_.builder() != published_;
}

std::optional<conn::TimePoint> LocalRecord::due() const {
  if (pending_ || !changed_ || last_seq_ == kLastSeq) return std::nullopt;
  const bool is_first = !current_;
  return is_first ? *changed_ : *changed_ + gather_;
}

std::optional<std::uint64_t> LocalRecord::publish(conn::TimePoint now) {
  const auto when = due();
  if (!when || now < *when) return std::nullopt;
  published_ = pairs_.builder();
  pending_ = published_.sign(key_, ++last_seq_).value();
  changed_.reset();
  return last_seq_;
}

void LocalRecord::stored(std::uint64_t seq) {
  if (pending_ && pending_->seq() == seq) current_ = std::exchange(pending_, nullptr);
}

}  // namespace peerage::pex

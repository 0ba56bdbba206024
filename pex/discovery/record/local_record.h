// Our own record as it changes.
//
// Changes are gathered for a second, then `publish` signs them as one record with the next sequence
// number. The number must be stored before anybody sees the record, so that it never names other
// content after a restart: the caller stores it and says so (`stored`), and only then the record is
// the `current` one.
//
//   set_ip(…) ─▶ due() ─▶ publish(now) = seq ─▶ the caller stores seq ─▶ stored(seq) ─▶ current()
//
// Numbers begin with the wall clock's milliseconds, or behind the stored one if that is ahead: a
// node that lost its store is believed again, unless its clock is wrong, too. They are never 0.
//
// Each setter touches its own pairs alone. Room is kept for both addresses and all ports, so that
// an address that is learnt later never fails for want of bytes; further networks and pairs set by
// command share the rest, which is at least 31 bytes.
//
// Source: EIP-778; go-ethereum p2p/enode/localnode.go.
// Threads: none of its own.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "conn/base/time.h"
#include "pex/discovery/limits.h"
#include "pex/discovery/record/cmt.h"
#include "pex/discovery/record/enr.h"

namespace peerage::pex {

enum class IpFamily : std::uint8_t { v4, v6 };

class LocalRecord {
 public:
  struct Start {
    std::uint64_t stored_seq = 0;  // the last that was stored; 0: none
    conn::WallTime wall_time;
    std::uint16_t udp_port = 0;  // that the socket is bound to
    conn::Duration gather = DiscoveryLimits{}.record_gather;
  };
  // `key` outlives it. The first record is due at once.
  LocalRecord(const conn::Secp256k1Key& key, const Start& start);

  // The address of its family, the other one's stays.
  void set_ip(const conn::IpAddress& ip, conn::TimePoint now);
  void remove_ip(IpFamily family, conn::TimePoint now);
  // As others see it: that of IPv6 is left out where both are the same. Port 0: none.
  void set_udp_port(IpFamily family, std::uint16_t port, conn::TimePoint now);
  void set_tcp_port(IpFamily family, std::uint16_t port, conn::TimePoint now);
  // Written only while there is a TCP port. As many of its networks as there is room for: how many
  // of the last were left out. Fails, and changes nothing, when not even the first fits
  // (record_too_large) or one is no network (invalid_argument).
  conn::Result<std::size_t> set_cmt(Cmt cmt, conn::TimePoint now);

  // Pairs by command: `value` is one encoded RLP item. Fails, and changes nothing, for a reserved
  // key (invalid_argument), for what is no item (record_malformed), and for want of room
  // (record_too_large).
  conn::Result<void> set_pair(std::string_view key, conn::ByteView value, conn::TimePoint now);
  conn::Result<void> remove_pair(std::string_view key, conn::TimePoint now);

  // When to call publish; none while nothing has changed, or a record waits to be stored.
  std::optional<conn::TimePoint> due() const;
  // When it is due: signs what has changed; the number to be stored.
  std::optional<std::uint64_t> publish(conn::TimePoint now);
  // The number that publish gave is stored: its record is the current one. Another one is ignored.
  void stored(std::uint64_t seq);

  // Null before the first is stored.
  const EnrPtr& current() const noexcept { return current_; }

 private:
  struct Ports {
    std::uint16_t v4 = 0;
    std::uint16_t v6 = 0;
    std::uint16_t& of(IpFamily family) { return family == IpFamily::v4 ? v4 : v6; }
  };
  struct Pairs {
    std::optional<conn::IpAddress> ip4;
    std::optional<conn::IpAddress> ip6;
    Ports udp;
    Ports tcp;
    std::optional<Cmt> cmt;
    std::map<std::string, conn::Bytes, std::less<>> others;
    EnrBuilder builder() const;
    // Of the largest record that these may come to be, whatever addresses and ports are learnt.
    std::size_t largest() const;
  };
  void change(Pairs pairs, conn::TimePoint now);
  bool has_changed() const;

  const conn::Secp256k1Key& key_;
  conn::Duration gather_;
  std::uint64_t last_seq_;  // given already
  Pairs pairs_;
  EnrBuilder published_;                    // what the last record says
  std::optional<conn::TimePoint> changed_;  // since when pairs_ say something else
  EnrPtr pending_;
  EnrPtr current_;
};

}  // namespace peerage::pex

// A node record (EIP-778): what a node signs about itself, in at most 300 bytes.
//
// An Enr that exists has been checked: its size, its form, that its pairs ascend, that its identity
// scheme is "v4", its key, and its signature, in this order, cheapest first. It is immutable and
// shared (EnrPtr), because the same record comes many times. Values that we do not know are kept
// byte for byte.
//
// Text is `enr:` and base64 for URLs without padding, strictly.
//
// Source: EIP-778, ethereum/devp2p enr.md; vectors in spec/vectors/discovery/enr.json.
// Threads: immutable values.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "conn/address/ip_address.h"
#include "conn/base/failure.h"
#include "pex/discovery/record/enode_id.h"

namespace peerage::pex {

inline constexpr std::size_t kMaxEnrBytes = 300;
// What we make ourselves: the JavaScript implementation refuses 300.
inline constexpr std::size_t kMaxOwnEnrBytes = 299;

class Enr;
using EnrPtr = std::shared_ptr<const Enr>;

// The keys of the pairs that have a meaning here, and of no other program's choosing.
bool is_reserved_pair(std::string_view key) noexcept;

class Enr {
 public:
  // Failures are of stage `configuration`, reason `record_malformed`, and say which rule.
  static conn::Result<EnrPtr> decode(conn::ByteView bytes);
  static conn::Result<EnrPtr> parse(std::string_view text);

  conn::ByteView bytes() const noexcept { return bytes_; }
  std::string text() const;
  // keccak256 of the bytes: two records are the same exactly when these are.
  const conn::ByteArray<32>& hash() const noexcept { return hash_; }

  std::uint64_t seq() const noexcept { return seq_; }
  const EnodeId& id() const noexcept { return id_; }
  const conn::Secp256k1PublicKey& key() const noexcept { return key_; }

  // The value of a pair as encoded, one RLP item; none without the pair.
  std::optional<conn::ByteView> pair(std::string_view key) const;
  // Every pair, in the order of the record.
  std::map<std::string, conn::Bytes> pairs() const;

  // Of the family's own pairs; without udp6 (tcp6) the plain port holds for IPv6 too. None when the
  // pair is missing or is not what it should be.
  std::optional<conn::IpAddress> ip4() const;
  std::optional<conn::IpAddress> ip6() const;
  std::optional<conn::Endpoint> udp4() const;
  std::optional<conn::Endpoint> udp6() const;
  std::optional<conn::Endpoint> tcp4() const;
  std::optional<conn::Endpoint> tcp6() const;

 private:
  friend class EnrBuilder;
  Enr(conn::Bytes bytes, std::uint64_t seq, const conn::Secp256k1PublicKey& key);
  conn::Bytes bytes_;
  conn::ByteArray<32> hash_{};
  std::uint64_t seq_ = 0;
  EnodeId id_;
  conn::Secp256k1PublicKey key_;
};

// Makes records: pairs in any order, then a signature.
class EnrBuilder {
 public:
  EnrBuilder() = default;
  // Everything of `record` but its sequence, identity and signature.
  explicit EnrBuilder(const Enr& record);

  // `value` is one encoded RLP item.
  EnrBuilder& set(std::string_view key, conn::Bytes value);
  EnrBuilder& set_string(std::string_view key, conn::ByteView value);
  EnrBuilder& set_number(std::string_view key, std::uint64_t value);
  EnrBuilder& set_ip(const conn::IpAddress& ip);  // `ip` or `ip6`, by its family
  EnrBuilder& remove(std::string_view key);

  // How many bytes a record of these pairs has.
  std::size_t size(std::uint64_t seq) const;
  // Fails (record_too_large) beyond `most` bytes.
  conn::Result<EnrPtr> sign(const conn::Secp256k1Key& key, std::uint64_t seq,
                            std::size_t most = kMaxOwnEnrBytes) const;

  bool operator==(const EnrBuilder&) const = default;

 private:
  using CompressedKey = conn::ByteArray<33>;
  // What is signed, without the header of its list.
  conn::Bytes content(const CompressedKey& key, std::uint64_t seq) const;

  std::map<std::string, conn::Bytes> pairs_;
};

}  // namespace peerage::pex

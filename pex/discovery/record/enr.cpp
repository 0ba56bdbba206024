#include "pex/discovery/record/enr.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "conn/crypto/keccak.h"
#include "pex/discovery/record/record_reason.h"
#include "pex/discovery/record/rlp.h"

namespace peerage::pex {
namespace {

constexpr std::string_view kTextPrefix = "enr:";
constexpr std::string_view kIdentityScheme = "v4";
constexpr std::size_t kSignatureBytes = 64;

tl::unexpected<conn::Failure> malformed(std::string_view rule) {
  return conn::fail(conn::Stage::configuration, RecordReason::record_malformed, std::string(rule));
}

// What stands behind the signature, with the header of a list of its own: this is signed.
conn::ByteArray<32> hash_of_content(conn::ByteView content) {
  return conn::keccak256(RlpWriter().open().raw(content).close().take());
}

conn::Bytes record_of(const conn::Secp256k1Signature& signature, conn::ByteView content) {
  return RlpWriter().open().string(signature).raw(content).close().take();
}

// Items that stand one after another: key, value, key, value.
std::optional<RlpItem> value_of(RlpReader pairs, std::string_view key) {
  while (const auto here = pairs.string()) {
    const auto value = pairs.item();
    if (conn::as_text(*here) == key) return value;
  }
  return std::nullopt;
}
std::optional<conn::ByteView> string_of(const RlpReader& pairs, std::string_view key) {
  const auto value = value_of(pairs, key);
  if (!value || value->kind != RlpItem::Kind::string) return std::nullopt;
  return value->payload;
}

// Why they are none, or nothing.
std::optional<std::string_view> fault_of(RlpReader pairs) {
  std::optional<std::string_view> before;
  while (!pairs.at_end()) {
    const auto key_bytes = pairs.string();
    if (!key_bytes) return "a key is no byte string";
    const std::string_view key = conn::as_text(*key_bytes);
    if (before && key <= *before) return "the keys do not ascend";
    if (!pairs.item()) return "a key has no value";
    before = key;
  }
  return std::nullopt;
}

// Of a record that has been checked.
RlpReader pairs_of(conn::ByteView record) {
  auto items = RlpReader::list(record);
  items->item();  // the signature
  items->item();  // the sequence number
  return *items;
}

std::optional<std::uint16_t> port_of(const RlpReader& pairs, std::string_view key) {
  const auto value = value_of(pairs, key);
  if (!value) return std::nullopt;
  const auto port = RlpReader(value->whole).number(std::numeric_limits<std::uint16_t>::max());
  if (!port || *port == 0) return std::nullopt;
  return static_cast<std::uint16_t>(*port);
}

std::optional<conn::Endpoint> endpoint_of(const std::optional<conn::IpAddress>& ip,
                                          const std::optional<std::uint16_t>& port) {
  if (!ip || !port) return std::nullopt;
  return conn::Endpoint{*ip, *port};
}

std::optional<std::uint16_t> port_of_v6(conn::ByteView record, std::string_view own,
                                        std::string_view plain) {
  const RlpReader pairs = pairs_of(record);
  return port_of(pairs, value_of(pairs, own) ? own : plain);
}

}  // namespace

bool is_reserved_pair(std::string_view key) noexcept {
  static constexpr std::array<std::string_view, 9> kReserved = {
      "id", "secp256k1", "ip", "ip6", "udp", "udp6", "tcp", "tcp6", "cmt"};
  return std::find(kReserved.begin(), kReserved.end(), key) != kReserved.end();
}

conn::Result<EnrPtr> Enr::decode(conn::ByteView bytes) {
  if (bytes.size() > kMaxEnrBytes) return malformed("it has more than 300 bytes");
  conn::ByteView after;
  auto items = RlpReader::list(bytes, &after);
  if (!items) return malformed("it is no list");
  if (!after.empty()) return malformed("bytes follow its list");
  const auto signature = items->bytes<kSignatureBytes>();
  if (!signature) return malformed("its signature has not 64 bytes");
  const conn::ByteView content = items->rest();
  const auto seq = items->number();
  if (!seq) return malformed("its sequence number is none");
  if (const auto fault = fault_of(*items)) return malformed(*fault);
  const auto scheme = string_of(*items, "id");
  if (!scheme || conn::as_text(*scheme) != kIdentityScheme) {
    return malformed("its identity scheme is not v4");
  }
  const auto compressed = string_of(*items, "secp256k1");
  if (!compressed) return malformed("it has no key");
  const auto key = conn::Secp256k1PublicKey::from_compressed(*compressed);
  if (!key) return malformed("its key is none");
  if (!key->verify(hash_of_content(content), *signature)) {
    return malformed("its signature is not of its key");
  }
  return EnrPtr(new Enr(conn::Bytes(bytes.begin(), bytes.end()), *seq, *key));
}

conn::Result<EnrPtr> Enr::parse(std::string_view text) {
  // Much longer text is not even decoded.
  static constexpr std::size_t kMaxText = kTextPrefix.size() + (kMaxEnrBytes * 4 + 2) / 3;
  if (!text.starts_with(kTextPrefix)) return malformed("it does not begin with enr:");
  if (text.size() > kMaxText) return malformed("it has more than 300 bytes");
  const auto bytes = conn::from_base64_url(text.substr(kTextPrefix.size()));
  if (!bytes) return malformed("it is no base64 for URLs without padding");
  return decode(*bytes);
}

Enr::Enr(conn::Bytes bytes, std::uint64_t seq, const conn::Secp256k1PublicKey& key)
    : bytes_(std::move(bytes)),
      hash_(conn::keccak256(bytes_)),
      seq_(seq),
      id_(EnodeId::of(key)),
      key_(key) {}

std::string Enr::text() const {
  return std::string(kTextPrefix) + conn::to_base64_url(bytes_);
}

std::optional<conn::ByteView> Enr::pair(std::string_view key) const {
  const auto value = value_of(pairs_of(bytes_), key);
  if (!value) return std::nullopt;
  return value->whole;
}

std::map<std::string, conn::Bytes> Enr::pairs() const {
  std::map<std::string, conn::Bytes> all;
  RlpReader pairs = pairs_of(bytes_);
  while (const auto key = pairs.string()) {
    const conn::ByteView value = pairs.item()->whole;
    all.emplace(conn::as_text(*key), conn::Bytes(value.begin(), value.end()));
  }
  return all;
}

std::optional<conn::IpAddress> Enr::ip4() const {
  const auto bytes = string_of(pairs_of(bytes_), "ip");
  if (!bytes || bytes->size() != 4) return std::nullopt;
  return conn::IpAddress::v4((*bytes)[0], (*bytes)[1], (*bytes)[2], (*bytes)[3]);
}

std::optional<conn::IpAddress> Enr::ip6() const {
  const auto bytes = string_of(pairs_of(bytes_), "ip6");
  conn::ByteArray<16> copied;
  if (!bytes || bytes->size() != copied.size()) return std::nullopt;
  std::copy(bytes->begin(), bytes->end(), copied.begin());
  const auto ip = conn::IpAddress::v6(copied);
  if (ip.is_v4()) return std::nullopt;
  return ip;
}

std::optional<conn::Endpoint> Enr::udp4() const {
  return endpoint_of(ip4(), port_of(pairs_of(bytes_), "udp"));
}
std::optional<conn::Endpoint> Enr::udp6() const {
  return endpoint_of(ip6(), port_of_v6(bytes_, "udp6", "udp"));
}
std::optional<conn::Endpoint> Enr::tcp4() const {
  return endpoint_of(ip4(), port_of(pairs_of(bytes_), "tcp"));
}
std::optional<conn::Endpoint> Enr::tcp6() const {
  return endpoint_of(ip6(), port_of_v6(bytes_, "tcp6", "tcp"));
}

EnrBuilder::EnrBuilder(const Enr& record) : pairs_(record.pairs()) {}

EnrBuilder& EnrBuilder::set(std::string_view key, conn::Bytes value) {
  pairs_.insert_or_assign(std::string(key), std::move(value));
  return *this;
}
EnrBuilder& EnrBuilder::set_string(std::string_view key, conn::ByteView value) {
  return set(key, RlpWriter().string(value).take());
}
EnrBuilder& EnrBuilder::set_number(std::string_view key, std::uint64_t value) {
  return set(key, RlpWriter().number(value).take());
}
EnrBuilder& EnrBuilder::set_ip(const conn::IpAddress& ip) {
  return ip.is_v4() ? set_string("ip", ip.v4_bytes()) : set_string("ip6", ip.bytes());
}
EnrBuilder& EnrBuilder::remove(std::string_view key) {
  pairs_.erase(std::string(key));
  return *this;
}

conn::Bytes EnrBuilder::content(const CompressedKey& key, std::uint64_t seq) const {
  EnrBuilder named = *this;
  named.set_string("id", conn::as_bytes(kIdentityScheme));
  named.set_string("secp256k1", key);
  RlpWriter writer;
  writer.number(seq);
  for (const auto& [name, value] : named.pairs_) writer.string(name).raw(value);
  return writer.take();
}

std::size_t EnrBuilder::size(std::uint64_t seq) const {
  return record_of({}, content({}, seq)).size();
}

conn::Result<EnrPtr> EnrBuilder::sign(const conn::Secp256k1Key& key, std::uint64_t seq,
                                      std::size_t most) const {
  const conn::Bytes signed_bytes = content(key.public_key().compressed(), seq);
  conn::Bytes record = record_of(key.sign(hash_of_content(signed_bytes)), signed_bytes);
  if (record.size() > most) {
    return conn::fail(conn::Stage::configuration, RecordReason::record_too_large,
                      "it would have " + std::to_string(record.size()) + " bytes, and may have " +
                          std::to_string(most));
  }
  return EnrPtr(new Enr(std::move(record), seq, key.public_key()));
}

}  // namespace peerage::pex

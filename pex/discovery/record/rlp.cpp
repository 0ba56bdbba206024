#include "pex/discovery/record/rlp.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace peerage::pex {
namespace {

// The first byte says what follows: itself, a string or list of up to 55 bytes, or the number of
// bytes that hold the length of a longer one.
constexpr std::uint8_t kString = 0x80;
constexpr std::uint8_t kList = 0xc0;
constexpr std::size_t kShort = 55;
constexpr std::size_t kMostNumberBytes = 8;

// Big-endian, without leading zeros; none of more than 8 bytes.
std::optional<std::uint64_t> number_of(conn::ByteView bytes) {
  if (bytes.size() > kMostNumberBytes || (!bytes.empty() && bytes[0] == 0)) return std::nullopt;
  std::uint64_t value = 0;
  for (const std::uint8_t byte : bytes) value = value << 8 | byte;
  return value;
}

struct BigEndian {
  conn::ByteArray<kMostNumberBytes> bytes{};
  std::size_t size = 0;

  explicit BigEndian(std::uint64_t value) {
    for (std::uint64_t rest = value; rest > 0; rest >>= 8) ++size;
    for (std::size_t i = size; i-- > 0; value >>= 8) bytes[i] = static_cast<std::uint8_t>(value);
  }
  conn::ByteView view() const noexcept { return {bytes.data(), size}; }
};

// Where the payload is in an item that begins with a length.
struct Extent {
  std::size_t header = 0;
  std::size_t payload = 0;
};
std::optional<Extent> extent_of(conn::ByteView bytes, std::uint8_t base) {
  const std::size_t first = bytes[0] - base;
  Extent extent{1, first};
  if (first > kShort) {
    const std::size_t length_bytes = first - kShort;
    if (bytes.size() - 1 < length_bytes) return std::nullopt;
    const auto length = number_of(bytes.subspan(1, length_bytes));
    if (!length || *length <= kShort) return std::nullopt;
    extent = {1 + length_bytes, static_cast<std::size_t>(*length)};
  }
  if (extent.payload > bytes.size() - extent.header) return std::nullopt;
  return extent;
}

// The header of `payload` bytes, placed before the byte `at`.
void put_header(conn::Bytes& bytes, std::size_t at, std::size_t payload, std::uint8_t base) {
  conn::ByteArray<1 + kMostNumberBytes> header{};
  std::size_t size = 1;
  if (payload <= kShort) {
    header[0] = static_cast<std::uint8_t>(base + payload);
  } else {
    const BigEndian length(payload);
    header[0] = static_cast<std::uint8_t>(base + kShort + length.size);
    std::copy_n(length.bytes.begin(), length.size, header.begin() + 1);
    size += length.size;
  }
  bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(at), header.begin(),
               header.begin() + static_cast<std::ptrdiff_t>(size));
}

}  // namespace

std::optional<RlpReader> RlpReader::list(conn::ByteView bytes, conn::ByteView* rest_of) {
  RlpReader reader(bytes);
  auto items = reader.list();
  if (items && rest_of != nullptr) *rest_of = reader.rest_;
  return items;
}

std::optional<RlpItem> RlpReader::item() {
  if (rest_.empty()) return std::nullopt;
  const std::uint8_t first = rest_[0];
  RlpItem item;
  if (first < kString) {
    item = {RlpItem::Kind::string, rest_.first(1), rest_.first(1)};
  } else {
    const bool is_list = first >= kList;
    const auto extent = extent_of(rest_, is_list ? kList : kString);
    if (!extent) return std::nullopt;
    item.kind = is_list ? RlpItem::Kind::list : RlpItem::Kind::string;
    item.payload = rest_.subspan(extent->header, extent->payload);
    item.whole = rest_.first(extent->header + extent->payload);
    // A byte that stands for itself has no header.
    if (!is_list && item.payload.size() == 1 && item.payload[0] < kString) return std::nullopt;
  }
  rest_ = rest_.subspan(item.whole.size());
  return item;
}

std::optional<conn::ByteView> RlpReader::string() {
  RlpReader ahead = *this;
  const auto read = ahead.item();
  if (!read || read->kind != RlpItem::Kind::string) return std::nullopt;
  *this = ahead;
  return read->payload;
}

std::optional<RlpReader> RlpReader::list() {
  RlpReader ahead = *this;
  const auto read = ahead.item();
  if (!read || read->kind != RlpItem::Kind::list) return std::nullopt;
  *this = ahead;
  return RlpReader(read->payload);
}

std::optional<std::uint64_t> RlpReader::number(std::uint64_t most) {
  RlpReader ahead = *this;
  const auto read = ahead.string();
  if (!read) return std::nullopt;
  const auto value = number_of(*read);
  if (!value || *value > most) return std::nullopt;
  *this = ahead;
  return value;
}

RlpWriter& RlpWriter::string(conn::ByteView bytes) {
  const std::size_t at = bytes_.size();
  bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  if (bytes.size() != 1 || bytes[0] >= kString) put_header(bytes_, at, bytes.size(), kString);
  return *this;
}

RlpWriter& RlpWriter::number(std::uint64_t value) {
  return string(BigEndian(value).view());
}

RlpWriter& RlpWriter::raw(conn::ByteView encoded) {
  bytes_.insert(bytes_.end(), encoded.begin(), encoded.end());
  return *this;
}

RlpWriter& RlpWriter::open() {
  open_.push_back(bytes_.size());
  return *this;
}

RlpWriter& RlpWriter::close() {
  if (open_.empty()) throw std::logic_error("RLP: no list is open");
  const std::size_t at = open_.back();
  open_.pop_back();
  put_header(bytes_, at, bytes_.size() - at, kList);
  return *this;
}

conn::Bytes RlpWriter::take() {
  if (!open_.empty()) throw std::logic_error("RLP: a list is still open");
  return std::exchange(bytes_, {});
}

}  // namespace peerage::pex

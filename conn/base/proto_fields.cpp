#include "conn/base/proto_fields.h"

#include <string>
#include <utility>

#include "conn/base/varint.h"

namespace peerage::conn {
namespace {

constexpr int kMaxGroupDepth = 16;

tl::unexpected<Failure> malformed(std::string detail) {
  return fail(Stage::established, Reason::packet_malformed, std::move(detail));
}

template <typename T>
Result<void> without_value(const Result<T>& result) {
  if (!result) return tl::unexpected(result.error());
  return {};
}

}  // namespace

Result<ProtoFields::Tag> ProtoFields::tag() {
  const auto value = varint();
  if (!value) return tl::unexpected(value.error());
  if (*value >> 3 == 0 || *value >> 3 > 0x1fffffff) return malformed("illegal field number");
  return Tag{static_cast<std::uint32_t>(*value >> 3), static_cast<std::uint8_t>(*value & 7)};
}

Result<std::uint64_t> ProtoFields::varint() {
  const Varint read = read_varint(rest_);
  if (read.status != VarintStatus::ok) return malformed("bad varint");
  rest_ = rest_.subspan(read.size);
  return read.value;
}

Result<ByteView> ProtoFields::bytes() {
  const auto size = varint();
  if (!size) return tl::unexpected(size.error());
  if (*size > rest_.size()) return malformed("a field ends beyond its message");
  const ByteView value = rest_.first(*size);
  rest_ = rest_.subspan(*size);
  return value;
}

Result<void> ProtoFields::skip(Tag tag, int depth) {
  switch (tag.wire_type) {
    case kVarint:
      return without_value(varint());
    case kFixed64:
      return skip_fixed(8);
    case kBytes:
      return without_value(bytes());
    case kFixed32:
      return skip_fixed(4);
    case kGroup:
      return skip_group(depth + 1);
    default:
      return malformed("unknown wire type, or the end of no group");
  }
}

Result<void> ProtoFields::skip_fixed(std::size_t size) {
  if (size > rest_.size()) return malformed("a field ends beyond its message");
  rest_ = rest_.subspan(size);
  return {};
}

Result<void> ProtoFields::skip_group(int depth) {
  if (depth > kMaxGroupDepth) return malformed("groups nested too deep");
  while (true) {
    const auto inner = tag();
    if (!inner) return tl::unexpected(inner.error());
    if (inner->wire_type == kEndGroup) return {};
    const auto skipped = skip(*inner, depth);
    if (!skipped) return skipped;
  }
}

}  // namespace peerage::conn

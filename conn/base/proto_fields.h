// A cursor over the fields of a protobuf message, for what is read without generated code: the
// packet codec, and the look at a message's shape before it is decoded.
//
// It accepts what the Go node's decoder accepts (unknown fields, groups included, can be skipped;
// varints need not be minimal), but for two things that no encoder writes: a varint or a field
// number that does not fit its type is refused, where Go keeps the low bits; and groups nest 16
// deep at most. Views borrow from the message. Errors: packet_malformed, at stage established.
// Threads: none of its own.
#pragma once

#include <cstdint>

#include "conn/base/bytes.h"
#include "conn/base/failure.h"

namespace peerage::conn {

class ProtoFields {
 public:
  enum WireType : std::uint8_t {
    kVarint = 0,
    kFixed64 = 1,
    kBytes = 2,
    kGroup = 3,
    kEndGroup = 4,
    kFixed32 = 5,
  };
  struct Tag {
    std::uint32_t field = 0;
    std::uint8_t wire_type = 0;
  };

  explicit ProtoFields(ByteView message) : rest_(message) {}

  bool at_end() const noexcept { return rest_.empty(); }
  // What comes next; then its value must be read or skipped.
  Result<Tag> tag();
  Result<std::uint64_t> varint();
  Result<ByteView> bytes();
  Result<void> skip(Tag tag) { return skip(tag, 0); }

 private:
  Result<void> skip(Tag tag, int depth);
  Result<void> skip_fixed(std::size_t size);
  Result<void> skip_group(int depth);

  ByteView rest_;
};

}  // namespace peerage::conn

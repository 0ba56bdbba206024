// RLP: any bytes are items or refused, as a plain reading of the rules says; and what was read is
// written again byte for byte, which is to say that no item has two forms.
#include "pex/discovery/record/rlp.h"
#include "tests/fuzz/fuzz_input.h"

using namespace peerage;
using fuzz::require;

namespace {

// How long the item is that begins here; 0 when there is none. By the definition, one case after
// another.
std::size_t plain_length(conn::ByteView bytes) {
  if (bytes.empty()) return 0;
  const std::size_t first = bytes[0];
  if (first < 0x80) return 1;
  const bool is_list = first >= 0xc0;
  const std::size_t size = first - (is_list ? 0xc0 : 0x80);
  if (size <= 55) {
    if (bytes.size() < 1 + size) return 0;
    if (!is_list && size == 1 && bytes[1] < 0x80) return 0;
    return 1 + size;
  }
  const std::size_t digits = size - 55;
  if (bytes.size() < 1 + digits || bytes[1] == 0) return 0;
  __extension__ unsigned __int128 length = 0;
  for (std::size_t i = 0; i < digits; ++i) length = length * 256 + bytes[1 + i];
  if (length < 56 || length > bytes.size() - 1 - digits) return 0;
  return 1 + digits + static_cast<std::size_t>(length);
}

// Writes what `reader` reads, lists within lists to a depth.
void copy(pex::RlpReader reader, pex::RlpWriter& to, int depth) {
  while (!reader.at_end()) {
    require(plain_length(reader.rest()) > 0);
    const auto item = reader.item();
    require(item.has_value());
    if (item->kind == pex::RlpItem::Kind::string) {
      to.string(item->payload);
      continue;
    }
    pex::RlpReader items(item->payload);
    pex::RlpReader ahead = items;
    while (ahead.item()) {
    }
    if (depth == 0 || !ahead.at_end()) {
      to.raw(item->whole);  // what is nested is looked at by who needs it
      continue;
    }
    to.open();
    copy(items, to, depth - 1);
    to.close();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const conn::ByteView bytes(data, size);
  pex::RlpReader reader(bytes);
  const auto item = reader.item();
  require((item ? item->whole.size() : 0) == plain_length(bytes));
  if (!item) return 0;
  require(item->whole.data() == data && reader.rest().data() == data + item->whole.size());
#ifdef PEERAGE_PLANTED_BUG
  require(item->payload.size() < 60);  // as if a length in a byte of its own were mishandled
#endif
  pex::RlpWriter writer;
  copy(pex::RlpReader(item->whole), writer, 20);
  const conn::Bytes again = writer.take();
  require(std::equal(again.begin(), again.end(), item->whole.begin(), item->whole.end()));
  if (const auto number = pex::RlpReader(item->whole).number()) {
    require(pex::RlpWriter().number(*number).take() == again);
  }
  return 0;
}

// Frames: whatever is done to a sealed frame, only the frame itself opens, and it opens to what was
// laid into it. Plaintext of any shape inside a good seal never yields more than 1024 bytes.
#include "conn/comet/frame_cipher.h"
#include "tests/fuzz/fuzz_input.h"

using namespace peerage::conn;
using peerage::fuzz::Input;
using peerage::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input(data, size);
  const ByteArray<32> key{1, 2, 3};
  const std::uint8_t mode = input.byte();
  const std::uint64_t nonce = input.byte();
  FrameSealer sealer(FrameKey(key), nonce);
  FrameOpener opener(FrameKey(key), nonce);
  Bytes slot(kFrameSealed);

  if (mode % 2 == 0) {
    // Any plaintext under a good seal.
    const ByteView plain = input.take(kFramePlain);
    std::copy(plain.begin(), plain.end(), slot.begin());
    const std::size_t announced = static_cast<std::size_t>(slot[0]) | slot[1] << 8 | slot[2] << 16 |
                                  static_cast<std::size_t>(slot[3]) << 24;
    require(sealer.seal(slot).has_value());
    const auto opened = opener.open(slot);
#ifdef PEERAGE_PLANTED_BUG
    require(announced != 0x0141);  // as if a certain length were refused
#endif
    require(opened.has_value() == (announced <= kFrameData));
    if (opened) require(opened->size() == announced);
    return 0;
  }
  // A good frame with some of its bytes changed.
  FrameWriter writer(slot);
  writer.append(input.take(64));
  const MutableBytes frame = writer.finish();
  if (frame.empty()) return 0;
  const Bytes plain(slot.begin(), slot.begin() + kFramePlain);
  require(sealer.seal(frame).has_value());
  const Bytes sealed = slot;
  while (!input.empty()) {
    const std::size_t at = static_cast<std::size_t>(input.byte()) << 8 | input.byte();
    slot[at % slot.size()] ^= input.byte();
  }
  const bool changed = slot != sealed;
  const auto opened = opener.open(slot);
  require(opened.has_value() == !changed);
  if (opened) require(std::equal(opened->begin(), opened->end(), plain.begin() + kFrameHeader));
  return 0;
}

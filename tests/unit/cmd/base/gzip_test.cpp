#include "cmd/base/gzip.h"

#include <random>

#include <gtest/gtest.h>
#include <zlib.h>

namespace peerage::cmd {
namespace {

// As a client reads it.
std::string unpacked(const std::string& packed, std::size_t most) {
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  std::string text(most + 1, '\0');
  std::string input = packed;
  stream.next_in = reinterpret_cast<Bytef*>(input.data());
  stream.avail_in = static_cast<uInt>(input.size());
  stream.next_out = reinterpret_cast<Bytef*>(text.data());
  stream.avail_out = static_cast<uInt>(text.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  EXPECT_EQ(stream.avail_in, 0U) << "bytes behind its end";
  text.resize(stream.total_out);
  inflateEnd(&stream);
  return text;
}

std::string noise(std::size_t bytes) {
  std::mt19937 random(7);
  std::string text(bytes, '\0');
  for (char& each : text) each = static_cast<char>(random());
  return text;
}

TEST(Gzip, AReaderGetsTheSameText) {
  const std::string lines = [] {
    std::string text;
    for (int i = 0; i < 20'000; ++i) text += "{\"addr\":" + std::to_string(i) + "},\n";
    return text;
  }();
  for (const std::string& text : {std::string(), std::string("a"), lines, noise(300'000)}) {
    EXPECT_EQ(unpacked(gzip(text), text.size()), text);
  }
  EXPECT_LT(gzip(lines).size(), lines.size() / 4);
}

TEST(Gzip, TheSameTextGivesTheSameBytesAtAnyTime) {
  const std::string packed = gzip("a list");
  EXPECT_EQ(gzip("a list"), packed);
  ASSERT_GE(packed.size(), 8U);
  EXPECT_EQ(packed.substr(0, 2), "\x1f\x8b");
  EXPECT_EQ(packed.substr(4, 4), std::string(4, '\0')) << "the header's time";
}

}  // namespace
}  // namespace peerage::cmd

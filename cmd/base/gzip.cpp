#include "cmd/base/gzip.h"

#include <algorithm>
#include <limits>
#include <new>

#include <zlib.h>

namespace peerage::cmd {

std::string gzip(std::string_view text) {
  static constexpr int kGzipWindow = 15 + 16;  // zlib: 16 more stands for gzip's header
  static constexpr int kMemory = 8;            // zlib's default
  z_stream stream{};
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzipWindow, kMemory,
                   Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::bad_alloc();
  }
  std::string packed(deflateBound(&stream, text.size()), '\0');
  // zlib counts in 32 bits, and does not write to its input.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  static constexpr std::size_t kMost = std::numeric_limits<uInt>::max();
  std::size_t unread = text.size(), unwritten = packed.size();
  int state = Z_OK;
  while (state == Z_OK) {
    const auto in = static_cast<uInt>(std::min(unread, kMost));
    const auto out = static_cast<uInt>(std::min(unwritten, kMost));
    stream.avail_in = in;
    stream.avail_out = out;
    state = deflate(&stream, in == unread ? Z_FINISH : Z_NO_FLUSH);
    unread -= in - stream.avail_in;
    unwritten -= out - stream.avail_out;
  }
  deflateEnd(&stream);
  packed.resize(packed.size() - unwritten);
  return packed;
}

}  // namespace peerage::cmd

// Any text as a key file: it is refused without revealing it, or it is a key that signs and that
// writes itself back to a file of the same identity.
//
// A mutation of a good key almost never keeps its two halves matched, so the first 32 bytes of the
// input also serve as a seed; its file is then laid out in the ways that the rest chooses.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "conn/address/node_key.h"
#include "tests/fuzz/fuzz_input.h"

using peerage::conn::ByteView;
using peerage::conn::NodeId;
using peerage::conn::NodeKey;
using peerage::conn::Reason;
using peerage::conn::Secret;
using peerage::fuzz::require;

namespace {

void check_key(const NodeKey& key) {
  require(key.id() == NodeId::of(key.public_key()));
  const std::string json = key.to_json();
  const auto again = NodeKey::parse(json);
  require(again.has_value());
  require(again->id() == key.id() && again->public_key() == key.public_key());
  require(again->to_json() == json);
}

void check_text(std::string_view text) {
  const auto key = NodeKey::parse(text);
  if (key) {
#ifdef PEERAGE_PLANTED_BUG
    // As if a key file were never edited on Windows.
    require(text.find("\r\n") == std::string_view::npos);
#endif
    check_key(*key);
    return;
  }
  const auto& failure = key.error();
  require(failure.reason == Reason::key_file_malformed ||
          failure.reason == Reason::key_type_unsupported);
  const std::string shown = failure.text();
  require(shown.size() < 1024);
  require(std::all_of(shown.begin(), shown.end(), [](char c) { return c >= 0x20 && c < 0x7f; }));
}

// A file of this key as another program might lay it out, which is the same key all the same.
std::string laid_out(const NodeKey& key, ByteView choices) {
  std::string text;
  std::size_t next = 0;
  bool in_string = false;
  for (const char c : key.to_json()) {
    if (c == '"') in_string = !in_string;
    text += c;
    const bool between = !in_string && (c == '{' || c == ':' || c == ',' || c == '}');
    if (!between || next == choices.size()) continue;
    // Only bytes that no seed has: a layout is to be found by mutation.
    static constexpr std::string_view kSpaces[] = {" ", "\n", "\t", "\r\n"};
    const std::uint8_t choice = choices[next++];
    if (choice >= 0x80) text += kSpaces[choice % 4];
  }
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_text(text);
  if (size < 32) return 0;
  const ByteView input(data, size);
  const NodeKey key = NodeKey::from_seed(Secret<32>{input.first<32>()});
  check_key(key);
  const std::string file = laid_out(key, input.subspan(32));
  check_text(file);
  const auto loaded = NodeKey::parse(file);
  require(loaded && loaded->id() == key.id());
  require(key.public_key().verify(input, key.sign(input)));
  return 0;
}

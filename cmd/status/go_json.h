// Writes JSON as a comet node does, byte for byte: what its clients were written against.
//
// Whole numbers of 64 bits are strings, smaller ones are numbers; times are those of RFC 3339 in
// UTC; `<`, `>` and `&` are escaped, as are U+2028 and U+2029; a byte that belongs to no valid
// UTF-8 is written as \ufffd. Nothing is between the tokens, and fields come in the order of the
// calls.
//
//   GoJson json(text);
//   json.begin_object();
//   json.key("n_peers").int64(3);
//   json.key("peers").begin_array();
//   ...
//
// It appends to one string, as it goes. The caller keeps the form: each begin has its end, and in
// an object each value its key.
//
// Source: comet v0.38 libs/json/encoder.go, and Go's encoding/json, which it leaves strings to.
// Threads: none of its own.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "conn/base/bytes.h"
#include "conn/base/rfc3339.h"

namespace peerage::cmd {

class GoJson {
 public:
  explicit GoJson(std::string& into) : text_(into) {}

  void begin_object() { begin('{'); }
  void end_object() { end('}'); }
  void begin_array() { begin('['); }
  void end_array() { end(']'); }

  // A name that needs no escaping.
  GoJson& key(std::string_view name);

  // Any bytes.
  void string(std::string_view text);
  void int64(std::int64_t value);    // Go's int, int64, Duration
  void uint64(std::uint64_t value);  // Go's uint64
  void number(std::int64_t value);   // what has 32 bits or fewer there
  void boolean(bool value);
  void time(conn::Timestamp time);    // never: the year 1
  void hex(conn::ByteView bytes);     // HexBytes: upper-case; none: ""
  void base64(conn::ByteView bytes);  // []byte
  // A value that is JSON of this form already.
  void raw(std::string_view json);

 private:
  void separate();
  void begin(char bracket);
  void end(char bracket);
  void quoted(std::string_view plain);

  std::string& text_;
  bool follows_ = false;  // a comma stands between what was written and what comes
};

}  // namespace peerage::cmd

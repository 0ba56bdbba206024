// What a name server answers to a question for TXT records: any bytes, and answers of which only
// the records are the fuzzer's.
//
// Of bytes alone almost nothing is an answer, so the second kind is laid out well, and what is read
// is held against a reading of its own.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "conn/runtime/asio_runtime_txt.h"
#include "conn/runtime/runtime.h"
#include "tests/fuzz/fuzz_input.h"

using peerage::conn::as_text;
using peerage::conn::Bytes;
using peerage::conn::ByteView;
using peerage::conn::kMaxTxtBytes;
using peerage::conn::kMaxTxtRecords;
using peerage::conn::Stage;
using peerage::conn::asio_runtime::read_txt_answer;
using peerage::fuzz::Input;
using peerage::fuzz::require;

namespace {

void check_bounds(ByteView answer) {
  const auto records = read_txt_answer(answer, "list.test");
  if (!records) {
    require(records.error().stage == Stage::resolve);
    return;
  }
  require(!records->empty() && records->size() <= kMaxTxtRecords);
  for (const std::string& each : *records) require(each.size() <= kMaxTxtBytes);
}

void put_number(Bytes& out, std::size_t value) {
  out.push_back(static_cast<std::uint8_t>(value >> 8));
  out.push_back(static_cast<std::uint8_t>(value));
}

std::optional<std::string> joined(ByteView data) {
  std::string text;
  for (std::size_t at = 0; at < data.size(); at += 1 + data[at]) {
#ifdef PEERAGE_PLANTED_BUG
    // As if a string without bytes were the last one.
    if (data[at] == 0) return text;
#endif
    if (at + 1 + data[at] > data.size()) return std::nullopt;
    text += as_text(data.subspan(at + 1, data[at]));
  }
  return text;
}

// Records of at most 255 bytes, fewer than are handed on: each is read, or one spoils them all.
void check_records(Input& input) {
  Bytes answer = {0x12, 0x34, 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0};
  answer.insert(answer.end(), {4, 'l', 'i', 's', 't', 0, 0, 16, 0, 1});
  std::vector<std::string> wanted;
  bool spoilt = false;
  std::uint8_t count = 0;
  for (; !input.empty() && count < kMaxTxtRecords; ++count) {
    const ByteView data = input.take(input.byte());
    answer.insert(answer.end(), {0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 60});
    put_number(answer, data.size());
    answer.insert(answer.end(), data.begin(), data.end());
    const auto text = joined(data);
    spoilt = spoilt || !text;
    if (text) wanted.push_back(*text);
  }
  answer[7] = count;
  const auto records = read_txt_answer(answer, "list.test");
  require(records.has_value() == (!spoilt && count > 0));
  if (records) require(*records == wanted);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  check_bounds({data, size});
  Input input(data, size);
  check_records(input);
  return 0;
}

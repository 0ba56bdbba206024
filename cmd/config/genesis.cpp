#include "cmd/config/genesis.h"

#include <algorithm>
#include <fstream>
#include <string_view>

#include <nlohmann/json.hpp>

#include "conn/base/bytes.h"

namespace peerage::cmd {
namespace {

constexpr std::size_t kMaxChainId = 50;  // comet types/genesis.go: MaxChainIDLen
// A string that is compared: a chain ID with every character written as \uNNNN.
constexpr std::size_t kMaxString = 6 * kMaxChainId;

// Finds the value while characters go by; it knows strings and depth, and no more of JSON.
class Scanner {
 public:
  bool done() const { return done_; }
  const std::optional<std::string>& value() const { return value_; }

  void take(char c) {
    if (in_string_) return take_in_string(c);
    switch (c) {
      case ' ':
      case '\t':
      case '\r':
      case '\n':
        return;
      case '"':
        if (depth_ == 0) return end();
        in_string_ = true;
        string_.clear();
        return;
      case '{':
      case '[':
        if (depth_ == 0 && c != '{') return end();
        if (key_is_it_) return end();
        ++depth_;
        is_key_ = depth_ == 1;
        return;
      case '}':
      case ']':
        if (depth_ <= 1) return end();
        --depth_;
        return;
      case ',':
        if (key_is_it_) return end();  // its value was a number, or the like
        is_key_ = depth_ == 1;
        return;
      case ':':
        is_key_ = false;
        return;
      default:
        if (depth_ == 0) return end();
    }
  }

 private:
  void end() { done_ = true; }

  void take_in_string(char c) {
    if (c == '"' && !escaped_) {
      in_string_ = false;
      return take_string();
    }
    escaped_ = c == '\\' && !escaped_;
    // One byte too many shows that it is too long.
    if (depth_ == 1 && string_.size() <= kMaxString) string_ += c;
  }

  void take_string() {
    if (depth_ != 1) return;
    if (is_key_) {
      key_is_it_ = string_ == "chain_id";
    } else if (key_is_it_) {
      const auto text = nlohmann::json::parse("\"" + string_ + "\"", nullptr, false);
      if (text.is_string() && text.get<std::string>().size() <= kMaxChainId) {
        value_ = text.get<std::string>();
      }
      end();
    }
  }

  std::size_t depth_ = 0;
  bool in_string_ = false, escaped_ = false;
  bool is_key_ = false;     // whether the next string at the top level is a key
  bool key_is_it_ = false;  // the last key there was the one
  std::string string_;
  bool done_ = false;
  std::optional<std::string> value_;
};

}  // namespace

std::optional<std::string> chain_id_of(std::istream& genesis, std::size_t limit) {
  static constexpr std::size_t kChunk = 1u << 16;
  std::string chunk(kChunk, '\0');
  Scanner scanner;
  while (limit > 0 && genesis) {
    genesis.read(chunk.data(), static_cast<std::streamsize>(std::min(limit, chunk.size())));
    const auto count = static_cast<std::size_t>(genesis.gcount());
    limit -= count;
    for (const char c : std::string_view(chunk).substr(0, count)) {
      scanner.take(c);
      if (scanner.done()) return scanner.value();
    }
  }
  return std::nullopt;
}

conn::Result<std::optional<std::string>> read_chain_id(const std::filesystem::path& file) {
  const auto refuse = [](const char* why) {
    return conn::fail(conn::Stage::configuration, conn::Reason::config_malformed, why);
  };
  std::error_code error;
  const auto status = std::filesystem::status(file, error);
  if (status.type() == std::filesystem::file_type::not_found) return std::nullopt;
  if (!std::filesystem::is_regular_file(status)) return refuse("cannot be read");
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return refuse("cannot be read");
  auto chain_id = chain_id_of(stream);
  if (!chain_id || chain_id->empty()) return refuse("there is no chain_id in it");
  return chain_id;
}

}  // namespace peerage::cmd

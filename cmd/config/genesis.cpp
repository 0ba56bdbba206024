#include "cmd/config/genesis.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <string_view>
#include <utility>

#include "cmd/config/genesis_scan.h"
#include "conn/base/bytes.h"

namespace peerage::cmd {
namespace {

using State = GenesisScan::State;

constexpr std::size_t kChunk = 1u << 18;
constexpr std::string_view kMark = "\xef\xbb\xbf";  // the byte order mark of UTF-8

// Of this length no two strings of one genesis are: one in which the beginning ends, and one in
// which the end begins, are the same.
constexpr std::uint64_t kLongString = 1u << 16;

// What a file is that begins with these bytes, for an operator who takes it for a genesis.
std::string_view other_kind(std::string_view beginning) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 10> kKinds = {
      {{"\x1f\x8b", "it is compressed with gzip: unpack it first"},
       {"\xfd"
        "7zXZ",
        "it is compressed with xz: unpack it first"},
       {"\x28\xb5\x2f\xfd", "it is compressed with zstd: unpack it first"},
       {"\x04\x22\x4d\x18", "it is compressed with lz4: unpack it first"},
       {"BZh", "it is compressed with bzip2: unpack it first"},
       {"PK\x03\x04", "it is a zip archive: unpack it first"},
       {"<", "it is a web page, or XML"},
       {"version https://git-lfs", "it is a pointer of Git LFS: the file itself was not fetched"},
       {"404", "it is a web server's answer that there is no such file"},
       {"[", "it is a JSON array, and a genesis is an object"}}};
  for (const auto& [magic, kind] : kKinds) {
    if (beginning.starts_with(magic)) return kind;
  }
  return "it is no JSON object";
}

std::string bytes(std::uint64_t count) {
  return std::to_string(count) + " bytes";
}

class Reading {
 public:
  Reading(std::istream& genesis, const GenesisLimits& limits)
      : genesis_(genesis), limits_(limits) {}

  GenesisReading run(GenesisEffort effort) {
    genesis_.seekg(0, std::ios::end);
    const auto size = genesis_.tellg();
    if (!genesis_ || size < 0) return {std::nullopt, "cannot be read"};
    size_ = static_cast<std::uint64_t>(size);

    read_to(std::min(size_, limits_.beginning));
    if (scan_.state() != State::under_way) return told();
    if (next_ < size_) {
      const GenesisTail tail = read_end();
      if (tail.is == GenesisTail::Is::found && agrees(tail)) return {tail.chain_id, {}};
      if (effort == GenesisEffort::ends_alone) return {std::nullopt, not_found()};
      cut_off_ = tail.is == GenesisTail::Is::cut_off;
      read_to(std::min(size_, limits_.in_order));
    }
    return told();
  }

 private:
  // In order, from where it is.
  void read_to(std::uint64_t end) {
    std::string chunk(kChunk, '\0');
    genesis_.clear();
    genesis_.seekg(static_cast<std::streamoff>(next_));
    while (next_ < end && genesis_ && scan_.state() == State::under_way) {
      const auto count = std::min<std::uint64_t>(chunk.size(), end - next_);
      genesis_.read(chunk.data(), static_cast<std::streamsize>(count));
      std::string_view text(chunk.data(), static_cast<std::size_t>(genesis_.gcount()));
      if (text.empty()) return;
      if (next_ == 0) {
        if (text.starts_with(kMark)) text.remove_prefix(kMark.size());
        beginning_ = text.substr(0, 64);
      }
      next_ += static_cast<std::uint64_t>(genesis_.gcount());
      scan_.take(text);
    }
  }

  GenesisTail read_end() {
    std::string text(static_cast<std::size_t>(std::min(limits_.end, size_ - next_)), '\0');
    genesis_.clear();
    genesis_.seekg(static_cast<std::streamoff>(size_ - text.size()));
    genesis_.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(genesis_.gcount()));
    return scan_from_end(text);
  }

  // Whether the end is that of the object whose beginning we know: else a string that reaches from
  // one to the other is at another depth.
  bool agrees(const GenesisTail& tail) const {
    if (scan_.string_length() < kLongString || tail.string_length < kLongString) return true;
    return scan_.depth() == tail.depth;
  }

  std::string not_found() const {
    return "chain_id was not found in its first " + bytes(next_) + ", nor in its last " +
           bytes(std::min(limits_.end, size_)) + "; name the network in the settings";
  }

  GenesisReading told() const {
    switch (scan_.state()) {
      case State::found:
        return {scan_.chain_id(), {}};
      case State::no_string:
        return {std::nullopt, "its chain_id is no text of 1 to 50 bytes"};
      case State::rpc_answer:
        return {std::nullopt, "it is an RPC server's answer, with the genesis of \"" +
                                  conn::printable(scan_.chain_id(), 64) +
                                  "\" inside: keep what is in it at result.genesis"};
      case State::over:
        return {std::nullopt, scan_.of_an_rpc_server()
                                  ? "it is an RPC server's answer, without a genesis"
                                  : "there is no chain_id in it"};
      case State::no_object:
        return {std::nullopt, std::string(other_kind(beginning_))};
      case State::under_way:
        break;
    }
    if (!scan_.begun()) return {std::nullopt, "it is empty"};
    if (cut_off_ || next_ >= size_) {
      return {std::nullopt, "it ends in the middle, after " + bytes(size_)};
    }
    return {std::nullopt, not_found()};
  }

  std::istream& genesis_;
  const GenesisLimits& limits_;
  std::uint64_t size_ = 0, next_ = 0;
  GenesisScan scan_;
  std::string beginning_;
  bool cut_off_ = false;  // as its end shows
};

}  // namespace

GenesisReading read_genesis(std::istream& genesis, GenesisEffort effort,
                            const GenesisLimits& limits) {
  return Reading(genesis, limits).run(effort);
}

conn::Result<std::optional<std::string>> read_chain_id(const std::filesystem::path& file,
                                                       GenesisEffort effort) {
  const auto refuse = [](std::string why) {
    return conn::fail(conn::Stage::configuration, conn::Reason::config_malformed, std::move(why));
  };
  std::error_code error;
  const auto status = std::filesystem::status(file, error);
  if (status.type() == std::filesystem::file_type::not_found) return std::nullopt;
  if (!std::filesystem::is_regular_file(status)) return refuse("cannot be read");
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return refuse("cannot be read");
  GenesisReading read = read_genesis(stream, effort);
  if (!read.chain_id) return refuse(std::move(read.why));
  return std::move(read.chain_id);
}

}  // namespace peerage::cmd

// Finds the chain_id of a genesis without reading it whole: from its beginning, while text goes by,
// or from its end backwards.
//
// Either knows of JSON the strings, and how deep the rest nests. The scan from the end relies on
// the last byte's closing the file's own object. In a file that was cut off it may close another:
// so it gives up when that object begins within the text that it has, or when the text is none that
// can stand there.
//
// Threads: none of their own. Memory: some hundred bytes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace peerage::cmd {

class GenesisScan {
 public:
  enum class State : std::uint8_t {
    under_way,
    found,       // the chain_id at the top level
    no_string,   // there is one, and it is no text that can be a chain ID
    rpc_answer,  // result.genesis.chain_id
    over,        // the end of the object, without one
    no_object,
  };

  // Text that follows what it has had; after the end, nothing more.
  void take(std::string_view text);

  State state() const { return state_; }
  const std::string& chain_id() const { return chain_id_; }
  bool begun() const { return depth_ > 0 || state_ != State::under_way; }
  bool of_an_rpc_server() const { return rpc_; }  // it has a key that its answers have
  // How deep the string is that it is in, and how much of it has gone by.
  std::size_t depth() const { return depth_; }
  std::uint64_t string_length() const { return in_string_ ? string_length_ : 0; }

 private:
  static constexpr std::size_t kPath = 3;  // result.genesis.chain_id

  std::size_t take_in_string(std::string_view text);
  void take(char c);
  void open(char c);
  void end_string();
  void end(State state) { state_ = state; }

  State state_ = State::under_way;
  std::size_t depth_ = 0;
  bool in_string_ = false, escaped_ = false;
  bool is_key_ = false;  // whether the next string is one; of the first levels
  bool rpc_ = false;
  std::array<bool, kPath + 1> is_object_{};  // by depth
  std::array<std::string, kPath> path_;      // the last key of each of the first levels
  std::string string_;                       // of the first levels, cut
  std::uint64_t string_length_ = 0;
  std::string chain_id_;
};

struct GenesisTail {
  enum class Is : std::uint8_t {
    found,
    without,  // no chain_id in this part of the file
    cut_off,  // the file does not end as it should
  };
  Is is = Is::without;
  std::string chain_id;
  // The string in which the text begins, if it does: how deep it is, and how much of it there is.
  std::size_t depth = 0;
  std::uint64_t string_length = 0;
};
// `text` is the end of a file that is longer.
GenesisTail scan_from_end(std::string_view text);

}  // namespace peerage::cmd

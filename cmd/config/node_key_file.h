// Where a program's own identity comes from. Threads: any.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>

#include "conn/address/node_key.h"

namespace peerage::cmd {

// A fresh key, saved in `file`; its directories are made as well. Errors: those of
// NodeKey::save_new, as when there is a file already; and key_file_unwritable.
conn::Result<conn::NodeKey> create_key(const std::filesystem::path& file);

// The key in `file`; when there is no such file, one that is created as by create_key. Errors:
// those of NodeKey::load_or_create, as when the file is damaged.
conn::Result<conn::NodeKey> load_or_create_key(const std::filesystem::path& file);

// The key that a home has or is to have. A home that has none gets it by `save`: whoever starts a
// node first makes sure that it can be started.
class HomeKey {
 public:
  // Errors: those of NodeKey::load, but for a file that is missing: then it is a new key.
  static conn::Result<HomeKey> find(const std::filesystem::path& file);
  // Does nothing for one that the home has. Errors: those of create_key; io_error when another
  // process has made one meanwhile.
  conn::Result<void> save() const;

  bool is_new() const noexcept { return fresh_.has_value(); }
  const conn::NodeId& id() const noexcept { return id_; }
  // For the node; once.
  conn::NodeKey take() { return std::move(key_); }

 private:
  HomeKey(std::filesystem::path file, conn::NodeKey key)
      : file_(std::move(file)), id_(key.id()), key_(std::move(key)) {}
  std::filesystem::path file_;
  conn::NodeId id_;
  conn::NodeKey key_;
  std::optional<conn::Secret<32>> fresh_;  // what a new one is made of
};

// Whether others than its owner can use a key file of this mode: with the key they can pass for
// this node, and who can change it can make it another.
constexpr bool is_open_to_others(unsigned mode) noexcept {
  return (mode & 077) != 0;
}
// The mode of such a file, in octal as chmod takes it ("640"); nothing when it is its owner's
// alone, or cannot be looked at.
std::optional<std::string> mode_open_to_others(const std::filesystem::path& file);

// The key in the file that --node-key names; without one (empty) a fresh key.
conn::Result<conn::NodeKey> key_of_option(const std::filesystem::path& file);

}  // namespace peerage::cmd

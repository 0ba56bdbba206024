#include "cmd/config/node_key_file.h"

#include <array>
#include <cstdio>

#include <sodium.h>
#include <sys/stat.h>

#include "conn/base/file_reason.h"

namespace peerage::cmd {

using conn::NodeKey;
using conn::Result;

namespace {

Result<void> make_directory_of(const std::filesystem::path& file) {
  std::error_code error;
  std::filesystem::create_directories(file.parent_path(), error);
  if (!error) return {};
  const conn::Reason why = conn::file_reason(error.value(), conn::Reason::key_file_unwritable);
  const bool of_disk = why == conn::FileReason::disk_full || why == conn::FileReason::read_only;
  return conn::fail(conn::Stage::configuration,
                    of_disk ? why : conn::Reason(conn::Reason::key_file_unwritable),
                    file.parent_path().string() + ": " + error.message());
}

}  // namespace

Result<NodeKey> create_key(const std::filesystem::path& file) {
  if (const auto made = make_directory_of(file); !made) return tl::unexpected(made.error());
  NodeKey key = NodeKey::generate();
  if (const auto saved = key.save_new(file); !saved) return tl::unexpected(saved.error());
  return key;
}

Result<HomeKey> HomeKey::find(const std::filesystem::path& file) {
  auto there = NodeKey::load(file);
  if (there) return HomeKey(file, std::move(*there));
  if (there.error().reason != conn::Reason::key_file_missing) {
    return tl::unexpected(std::move(there.error()));
  }
  conn::Secret<32> seed;
  randombytes_buf(seed.writable().data(), seed.writable().size());
  HomeKey made(file, NodeKey::from_seed(seed));
  made.fresh_.emplace(std::move(seed));
  return made;
}

Result<void> HomeKey::save() const {
  if (!fresh_) return {};
  if (auto made = make_directory_of(file_); !made) return made;
  auto saved = NodeKey::from_seed(*fresh_).save_new(file_);
  std::error_code error;
  if (!saved && std::filesystem::exists(file_, error)) {
    return conn::fail(conn::Stage::configuration, conn::Reason::io_error,
                      file_.string() + ": another program has made a key at the same time");
  }
  return saved;
}

Result<NodeKey> load_or_create_key(const std::filesystem::path& file) {
  if (const auto made = make_directory_of(file); !made) return tl::unexpected(made.error());
  return NodeKey::load_or_create(file);
}

std::optional<std::string> mode_open_to_others(const std::filesystem::path& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0 || !is_open_to_others(status.st_mode)) {
    return std::nullopt;
  }
  std::array<char, 8> text{};
  std::snprintf(text.data(), text.size(), "%o", static_cast<unsigned>(status.st_mode & 0777));
  return text.data();
}

Result<NodeKey> key_of_option(const std::filesystem::path& file) {
  if (file.empty()) return NodeKey::generate();
  return NodeKey::load(file);
}

}  // namespace peerage::cmd

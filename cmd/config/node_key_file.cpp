#include "cmd/config/node_key_file.h"

#include <array>
#include <cstdio>

#include <sys/stat.h>

namespace peerage::cmd {

using conn::NodeKey;
using conn::Result;

namespace {

Result<void> make_directory_of(const std::filesystem::path& file) {
  std::error_code error;
  std::filesystem::create_directories(file.parent_path(), error);
  if (!error) return {};
  return conn::fail(conn::Stage::configuration, conn::Reason::key_file_unwritable,
                    file.parent_path().string() + ": " + error.message());
}

}  // namespace

Result<NodeKey> create_key(const std::filesystem::path& file) {
  if (const auto made = make_directory_of(file); !made) return tl::unexpected(made.error());
  NodeKey key = NodeKey::generate();
  if (const auto saved = key.save_new(file); !saved) return tl::unexpected(saved.error());
  return key;
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

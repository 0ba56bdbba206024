#include "pex/discovery/key_file.h"

#include <string>
#include <system_error>
#include <utility>

#include "conn/base/file.h"
#include "conn/base/file_reason.h"

namespace peerage::pex {

using conn::FileError;
using conn::FileReason;
using conn::Reason;
using conn::Result;
using conn::Secp256k1Key;

namespace {

constexpr std::size_t kDigits = 64;
// With an end of line, of whichever system.
constexpr std::size_t kMaxFile = kDigits + 2;

tl::unexpected<conn::Failure> failed(Reason reason, const std::filesystem::path& file,
                                     const std::string& what) {
  return conn::fail(conn::Stage::configuration, reason,
                    conn::printable(file.native(), 1024) + ": " + what);
}

void wipe_text(std::string& text) {
  conn::wipe({reinterpret_cast<std::uint8_t*>(text.data()), text.size()});
}

std::optional<Secp256k1Key> key_of(std::string_view text) {
  while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
  if (text.size() != kDigits) return std::nullopt;
  auto bytes = conn::from_hex(text);
  if (!bytes) return std::nullopt;
  const conn::Secret<32> secret(conn::ByteView(*bytes).first<32>());
  conn::wipe(*bytes);
  return Secp256k1Key::from_secret(secret);
}

// Who may write there is the key's own reason; others are those of a disk.
Reason reason_of(int error) {
  const Reason why = conn::file_reason(error, Reason::key_file_unwritable);
  const bool of_disk = why == FileReason::disk_full || why == FileReason::read_only;
  return of_disk ? why : Reason(Reason::key_file_unwritable);
}

Result<void> save_new(const Secp256k1Key& key, const std::filesystem::path& file) {
  std::error_code error;
  std::filesystem::create_directories(file.parent_path(), error);
  if (error) return failed(reason_of(error.value()), file, error.message());
  std::string digits = conn::to_hex(key.secret().view());
  std::string text;
  text.reserve(kMaxFile);  // growing would leave a copy of the secret behind
  text.append(digits).append("\n");
  wipe_text(digits);
  const auto saved = conn::write_file(file, text, conn::Readers::owner, conn::IfExists::fail);
  wipe_text(text);
  if (!saved) return failed(reason_of(saved.error().number), file, saved.error().what);
  return {};
}

}  // namespace

Result<Secp256k1Key> load_discovery_key(const std::filesystem::path& file) {
  auto text = conn::read_file(file, kMaxFile);
  if (!text) {
    switch (text.error().kind) {
      case FileError::Kind::missing:
        return failed(Reason::key_file_missing, file, text.error().what);
      case FileError::Kind::too_long:
        return failed(Reason::key_file_malformed, file, "too long for the key of discovery");
      default:
        return failed(Reason::key_file_unreadable, file, text.error().what);
    }
  }
  auto key = key_of(*text);
  wipe_text(*text);
  if (!key) {
    return failed(Reason::key_file_malformed, file,
                  "not the 64 hexadecimal digits of a secp256k1 key");
  }
  return std::move(*key);
}

Result<Secp256k1Key> load_or_create_discovery_key(
    const std::filesystem::path& file, const std::function<void(conn::MutableBytes)>& random) {
  auto loaded = load_discovery_key(file);
  if (loaded || loaded.error().reason != Reason::key_file_missing) return loaded;
  Secp256k1Key made = Secp256k1Key::generate(random);
  if (auto saved = save_new(made, file); !saved) return tl::unexpected(std::move(saved.error()));
  return made;
}

}  // namespace peerage::pex

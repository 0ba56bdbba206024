#include "conn/node_key.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>

#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

namespace peerage::conn {
namespace {

constexpr std::string_view kKeyType = "tendermint/PrivKeyEd25519";
constexpr std::size_t kMaxFile = 64u << 10;

tl::unexpected<Failure> key_failure(Reason reason, std::string detail) {
  return fail(Stage::configuration, reason, std::move(detail));
}
std::string errno_text() {
  return std::strerror(errno);
}
std::string shown(const std::filesystem::path& path) {
  return printable(path.native(), 1024);
}

class File {
 public:
  explicit File(int descriptor) : descriptor_(descriptor) {}
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int get() const { return descriptor_; }
  bool is_open() const { return descriptor_ >= 0; }

 private:
  int descriptor_;
};

bool write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

void wipe_text(std::string& text) {
  wipe({reinterpret_cast<std::uint8_t*>(text.data()), text.size()});
}

// Wipes a text on every way out of a scope. (The JSON parser's own buffers are out of reach.)
class WipeAtExit {
 public:
  explicit WipeAtExit(std::string& text) : text_(text) {}
  ~WipeAtExit() { wipe_text(text_); }
  WipeAtExit(const WipeAtExit&) = delete;
  WipeAtExit& operator=(const WipeAtExit&) = delete;

 private:
  std::string& text_;
};

}  // namespace

NodeKey::NodeKey(Secret<64> secret) : secret_(std::move(secret)) {
  std::copy_n(secret_.view().begin() + 32, 32, public_key_.bytes.begin());
  id_ = NodeId::of(public_key_);
}

NodeKey NodeKey::from_seed(const Secret<32>& seed) {
  if (sodium_init() < 0) throw std::runtime_error("libsodium cannot be initialised");
  Secret<64> secret;
  ByteArray<32> public_key;
  crypto_sign_ed25519_seed_keypair(public_key.data(), secret.writable().data(), seed.view().data());
  return NodeKey(std::move(secret));
}

Result<NodeKey> NodeKey::parse(std::string_view json) {
  auto document = nlohmann::json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (document.is_discarded()) return key_failure(Reason::key_file_malformed, "not JSON");
  if (!document.is_object() || !document.contains("priv_key") ||
      !document["priv_key"].is_object()) {
    return key_failure(Reason::key_file_malformed, "there is no priv_key");
  }
  auto& key = document["priv_key"];
  const auto type = key.find("type");
  const auto value = key.find("value");
  if (type == key.end() || !type->is_string() || value == key.end() || !value->is_string()) {
    return key_failure(Reason::key_file_malformed, "priv_key has no type or no value");
  }
  auto& encoded = value->get_ref<std::string&>();
  const WipeAtExit wipe_encoded(encoded);
  if (type->get_ref<const std::string&>() != kKeyType) {
    return key_failure(Reason::key_type_unsupported,
                       "its type is " + printable(type->get_ref<const std::string&>(), 64));
  }
  auto bytes = from_base64(encoded);
  if (!bytes || bytes->size() != 64) {
    if (bytes) wipe(*bytes);
    return key_failure(Reason::key_file_malformed, "the value is not the base64 of 64 bytes");
  }
  const Secret<32> seed(ByteView(*bytes).first<32>());
  NodeKey made = from_seed(seed);
  const bool matches = std::equal(bytes->begin(), bytes->end(), made.secret_.view().begin());
  wipe(*bytes);
  if (!matches) {
    return key_failure(Reason::key_file_malformed, "its public half does not belong to its seed");
  }
  return made;
}

Result<NodeKey> NodeKey::load(const std::filesystem::path& path) {
  const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.is_open()) {
    const int error = errno;
    return key_failure(error == ENOENT ? Reason::key_file_missing : Reason::key_file_unreadable,
                       shown(path) + ": " + std::strerror(error));
  }
  struct stat status {};
  if (::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
    return key_failure(Reason::key_file_unreadable, shown(path) + ": not a regular file");
  }
  std::string text(kMaxFile + 1, '\0');
  const WipeAtExit wipe_content(text);
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t count = ::read(file.get(), text.data() + size, text.size() - size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      return key_failure(Reason::key_file_unreadable, shown(path) + ": " + errno_text());
    }
    if (count == 0) break;
    size += static_cast<std::size_t>(count);
  }
  if (size > kMaxFile) {
    return key_failure(Reason::key_file_malformed, shown(path) + ": too long for a key file");
  }
  auto key = parse(std::string_view(text).substr(0, size));
  if (!key) key.error().detail = shown(path) + ": " + key.error().detail;
  return key;
}

Result<void> NodeKey::save_new(const std::filesystem::path& path) const {
  const auto failed = [&path](const std::string& what) {
    return key_failure(Reason::key_file_unwritable, shown(path) + ": " + what);
  };
  const std::filesystem::path directory = path.has_parent_path() ? path.parent_path() : ".";
  ByteArray<8> unique;
  randombytes_buf(unique.data(), unique.size());
  const std::filesystem::path temporary =
      directory / ("." + path.filename().string() + "." + to_hex(unique));
  {
    const File file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!file.is_open()) return failed(errno_text());
    std::string text = to_json();
    // The mode whatever the umask says; the bytes on the disk before the name is.
    const bool written =
        ::fchmod(file.get(), 0600) == 0 && write_all(file.get(), text) && ::fsync(file.get()) == 0;
    const std::string error = written ? std::string() : errno_text();
    wipe_text(text);
    if (!written) {
      ::unlink(temporary.c_str());
      return failed(error);
    }
  }
  // Unlike rename(), link() does not replace a file that has appeared meanwhile.
  const bool linked = ::link(temporary.c_str(), path.c_str()) == 0;
  const std::string error = linked ? std::string() : errno_text();
  ::unlink(temporary.c_str());
  if (!linked) return failed(error);
  // Best effort: the file is whole either way, and not every file system can sync a directory.
  const File parent(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (parent.is_open()) ::fsync(parent.get());
  return {};
}

Result<NodeKey> NodeKey::load_or_create(const std::filesystem::path& file,
                                        const Secret<32>& fresh_seed) {
  auto loaded = load(file);
  if (loaded || loaded.error().reason != Reason::key_file_missing) return loaded;
  NodeKey made = from_seed(fresh_seed);
  if (const auto saved = made.save_new(file); !saved) return tl::unexpected(saved.error());
  return made;
}

Signature NodeKey::sign(ByteView message) const {
  Signature signature;
  crypto_sign_ed25519_detached(signature.data(), nullptr, message.data(), message.size(),
                               secret_.view().data());
  return signature;
}

std::string NodeKey::to_json() const {
  std::string value = to_base64(secret_.view());
  std::string json;
  json.reserve(256);  // growing would leave a copy of the secret behind
  json = R"({"priv_key":{"type":")";
  json.append(kKeyType).append(R"(","value":")").append(value).append(R"("}})");
  wipe_text(value);
  return json;
}

}  // namespace peerage::conn

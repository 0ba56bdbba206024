#include "conn/address/node_key.h"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

#include <nlohmann/json.hpp>
#include <sodium.h>

#include "conn/base/file.h"
#include "conn/base/file_reason.h"

namespace peerage::conn {
namespace {

constexpr std::string_view kKeyType = "tendermint/PrivKeyEd25519";
constexpr std::size_t kMaxFile = 64u << 10;

tl::unexpected<Failure> key_failure(Reason reason, std::string detail) {
  return fail(Stage::configuration, reason, std::move(detail));
}
std::string shown(const std::filesystem::path& path) {
  return printable(path.native(), 1024);
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

namespace {

Secret<32> system_seed() {
  if (sodium_init() < 0) throw std::runtime_error("libsodium cannot be initialised");
  Secret<32> seed;
  randombytes_buf(seed.writable().data(), 32);
  return seed;
}

}  // namespace

NodeKey NodeKey::generate() {
  return from_seed(system_seed());
}

Result<NodeKey> NodeKey::load_or_create(const std::filesystem::path& file) {
  return load_or_create(file, system_seed());
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
  auto text = read_file(path, kMaxFile);
  if (!text) {
    switch (text.error().kind) {
      case FileError::Kind::missing:
        return key_failure(Reason::key_file_missing, shown(path) + ": " + text.error().what);
      case FileError::Kind::too_long:
        return key_failure(Reason::key_file_malformed, shown(path) + ": too long for a key file");
      default:
        return key_failure(Reason::key_file_unreadable, shown(path) + ": " + text.error().what);
    }
  }
  const WipeAtExit wipe_content(*text);
  auto key = parse(*text);
  if (!key) key.error().detail = shown(path) + ": " + key.error().detail;
  return key;
}

Result<void> NodeKey::save_new(const std::filesystem::path& path) const {
  std::string text = to_json();
  const WipeAtExit wipe_content(text);
  if (auto saved = write_file(path, text, Readers::owner, IfExists::fail); !saved) {
    // Who may write there is the key's own reason; others are those of a disk.
    const Reason why = file_reason(saved.error().number, Reason::key_file_unwritable);
    const bool of_disk = why == FileReason::disk_full || why == FileReason::read_only;
    return key_failure(of_disk ? why : Reason::key_file_unwritable,
                       shown(path) + ": " + saved.error().what);
  }
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

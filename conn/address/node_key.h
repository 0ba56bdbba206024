// The node's own identity: an Ed25519 key pair and the file that keeps it.
//
// The file is byte-compatible with the Go node in both directions: one line
// {"priv_key":{"type":"tendermint/PrivKeyEd25519","value":"<base64 of 64 bytes>"}} without a
// newline at the end; the 64 bytes are the seed followed by the public key. A file that exists is
// never regenerated nor overwritten: a damaged one is a fatal error, because losing the key loses
// the ID that others have configured. Unlike the Go node we check that the public half belongs to
// the seed.
//
// Source: comet p2p/key.go:LoadOrGenNodeKey, SaveAs; cases in spec/vectors/node_id.json.
#pragma once

#include <filesystem>
#include <string_view>

#include "conn/address/node_id.h"
#include "conn/base/bytes.h"
#include "conn/base/failure.h"

namespace peerage::conn {

class NodeKey {
 public:
  // Of the system's randomness.
  static NodeKey generate();
  // From 32 random bytes.
  static NodeKey from_seed(const Secret<32>& seed);

  // Errors: key_file_missing, key_file_unreadable, key_file_malformed (with what is wrong),
  // key_type_unsupported (secp256k1 and others: peers refuse it in the handshake).
  static Result<NodeKey> load(const std::filesystem::path& file);
  static Result<NodeKey> parse(std::string_view json);

  // Writes a new file, mode 0600, by way of a temporary file that is synced and then linked to its
  // name: a crash leaves either no file or a whole one. An existing file is an error
  // (key_file_unwritable) and stays as it is.
  Result<void> save_new(const std::filesystem::path& file) const;

  // Loads; only when there is no file at all, makes a key from `fresh_seed` and saves it.
  static Result<NodeKey> load_or_create(const std::filesystem::path& file,
                                        const Secret<32>& fresh_seed);
  // The same, with the system's randomness.
  static Result<NodeKey> load_or_create(const std::filesystem::path& file);

  NodeKey(NodeKey&&) noexcept = default;
  NodeKey& operator=(NodeKey&&) noexcept = default;

  const PublicKey& public_key() const noexcept { return public_key_; }
  const NodeId& id() const noexcept { return id_; }
  Signature sign(ByteView message) const;
  // What save_new writes. Secret: the caller wipes it.
  std::string to_json() const;

 private:
  explicit NodeKey(Secret<64> secret);
  Secret<64> secret_;  // seed, then public key
  PublicKey public_key_;
  NodeId id_;
};

}  // namespace peerage::conn

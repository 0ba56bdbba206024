#include "conn/comet/secret_handshake.h"

#include <functional>
#include <random>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "conn/base/varint.h"
#include "tests/support/auth_frame.h"
#include "tests/support/peers.h"
#include "tests/support/vectors.h"

namespace peerage::conn {
namespace {

using test::array_of;
using test::bytes_of;
using test::ephemeral_from;
using test::key_from;
using test::load_vectors;
using test::secret_of;

NodeKey recorded_key(const nlohmann::json& side) {
  const Bytes whole = bytes_of(side["priv_key"]);
  return NodeKey::from_seed(Secret<32>(ByteView(whole).first<32>()));
}

// All raw writes of one side with that label, in order.
Bytes wire_of(const nlohmann::json& handshake, const std::string& side, const std::string& label) {
  Bytes wire;
  for (const auto& step : handshake["handshake_steps"]) {
    if (step["side"] != side || step["label"] != label) continue;
    const Bytes bytes = bytes_of(step["wire"]);
    wire.insert(wire.end(), bytes.begin(), bytes.end());
  }
  return wire;
}

Bytes joined(std::initializer_list<Bytes> parts) {
  Bytes whole;
  for (const Bytes& part : parts) whole.insert(whole.end(), part.begin(), part.end());
  return whole;
}

// Sizes of the pieces in which `size` bytes are delivered.
using Splitter = std::function<std::size_t(std::size_t rest)>;
std::vector<std::pair<std::string, Splitter>> splitters() {
  auto random = std::make_shared<std::mt19937>(20261121);
  return {{"whole", [](std::size_t rest) { return rest; }},
          {"byte by byte", [](std::size_t) { return std::size_t{1}; }},
          {"at random", [random](std::size_t rest) { return 1 + (*random)() % rest; }}};
}

// Feeds `bytes`; returns what the machine has left unconsumed.
Result<Bytes> feed(SecretHandshake& machine, ByteView bytes, const Splitter& split) {
  while (!bytes.empty()) {
    const std::size_t size = split(bytes.size());
    const auto taken = machine.receive(bytes.first(size));
    if (!taken) return tl::unexpected(taken.error());
    if (*taken < size)
      return Bytes(bytes.begin() + static_cast<std::ptrdiff_t>(*taken), bytes.end());
    bytes = bytes.subspan(size);
  }
  return Bytes{};
}
Result<Bytes> feed(SecretHandshake& machine, ByteView bytes) {
  return feed(machine, bytes, [](std::size_t rest) { return rest; });
}

TEST(SecretHandshake, X25519GivesTheRecordedSecrets) {
  const auto cases = load_vectors("secret_connection")["x25519"];
  ASSERT_EQ(cases.size(), 6u);
  for (const auto& each : cases) {
    for (const auto& [ours, theirs] : {std::pair{"priv_a", "pub_b"}, {"priv_b", "pub_a"}}) {
      const auto shared = x25519(secret_of<32>(each[ours]), array_of<32>(each[theirs]));
      ASSERT_TRUE(shared);
      EXPECT_EQ(to_hex(shared->view()), each["dh_secret"]);
    }
  }
}

TEST(SecretHandshake, FrameKeysAreDerivedAsRecorded) {
  const auto cases = load_vectors("secret_connection")["derive_secrets"];
  ASSERT_EQ(cases.size(), 16u);
  for (const auto& each : cases) {
    const FrameKeys keys = derive_frame_keys(
        secret_of<32>(each["dh_secret"]),
        each["loc_is_least"] ? KeyOrder::ours_is_least : KeyOrder::theirs_is_least);
    EXPECT_EQ(to_hex(keys.receive.view()), each["recv_secret"]);
    EXPECT_EQ(to_hex(keys.send.view()), each["send_secret"]);
  }
}

TEST(SecretHandshake, ChallengeAndSignatureAreAsRecorded) {
  const auto cases = load_vectors("secret_connection")["challenge"];
  ASSERT_EQ(cases.size(), 12u);
  for (const auto& each : cases) {
    const auto lower = array_of<32>(each["lo_eph_pub"]);
    const auto upper = array_of<32>(each["hi_eph_pub"]);
    const auto secret = secret_of<32>(each["dh_secret"]);
    const auto challenge = handshake_challenge(lower, upper, secret);
    EXPECT_EQ(to_hex(challenge), each["challenge"]);
    EXPECT_NE(challenge, handshake_challenge(upper, lower, secret)) << "the order of keys counts";
    const Bytes whole = bytes_of(each["sign_priv"]);
    const NodeKey key = NodeKey::from_seed(Secret<32>(ByteView(whole).first<32>()));
    EXPECT_EQ(to_hex(key.sign(challenge)), each["signature"]);
  }
}

TEST(SecretHandshake, SpecialPointsAreJudgedAsTheGoNodeJudgesThem) {
  const auto cases = load_vectors("secret_connection")["remote_pub_special_points"];
  ASSERT_EQ(cases.size(), 14u);
  for (const auto& each : cases) {
    SCOPED_TRACE(each["remote_eph_pub"].get<std::string>());
    const auto shared =
        x25519(secret_of<32>(each["loc_priv"]), array_of<32>(each["remote_eph_pub"]));
    ASSERT_EQ(shared.has_value(), each["error"].is_null());
    if (shared) {
      EXPECT_EQ(to_hex(shared->view()), each["dh_secret"]);
    }
  }
}

// One recorded handshake from the point of view of `us`: what we write is what was written, what we
// read is what the other side wrote, in any split.
void replay(const nlohmann::json& inputs, const nlohmann::json& outputs, const std::string& us,
            const std::string& them, const Splitter& split) {
  const NodeKey key = recorded_key(inputs[us]);
  EXPECT_EQ(key.id().to_string(), inputs[us]["id"]);
  SecretHandshake machine(key, secret_of<32>(inputs[us]["eph_priv"]),
                          *NodeId::parse(inputs[them]["id"].get<std::string>()));
  Bytes written = machine.take_output();
  EXPECT_EQ(written, wire_of(outputs, us, "ephemeral_pub_key"));
  EXPECT_EQ(machine.stage(), Stage::key_exchange);

  const Bytes heard =
      joined({wire_of(inputs, them, "ephemeral_pub_key"), wire_of(inputs, them, "auth_sig"),
              wire_of(inputs, them, "node_info")});
  const auto rest = feed(machine, heard, split);
  ASSERT_TRUE(rest) << rest.error().text();
  ASSERT_TRUE(machine.done());
  EXPECT_EQ(machine.take_output(), wire_of(outputs, us, "auth_sig"));

  SecretSession session = machine.take_session();
  EXPECT_EQ(session.remote_id.to_string(), inputs[them]["id"]);
  EXPECT_EQ(to_hex(session.remote_key.bytes), inputs[them]["pub_key"]);
  EXPECT_TRUE(session.early_data.empty());

  // The machine takes nothing of what follows; the session opens it.
  Bytes info_frame = wire_of(inputs, them, "node_info");
  if (!rest->empty()) {
    EXPECT_EQ(*rest, Bytes(info_frame.end() - static_cast<std::ptrdiff_t>(rest->size()),
                           info_frame.end()));
  }
  const auto info = session.opener.open(info_frame);
  ASSERT_TRUE(info);
  EXPECT_EQ(to_hex(*info), inputs[them]["node_info_delimited_plain"]);

  const auto seal = [&session](ByteView plain) {
    Bytes slots((plain.size() / kFrameData + 1) * kFrameSealed);
    FrameWriter writer(slots);
    writer.append(plain);
    const MutableBytes frames = writer.finish();
    EXPECT_TRUE(session.sealer.seal(frames));
    return Bytes(frames.begin(), frames.end());
  };
  EXPECT_EQ(seal(bytes_of(inputs[us]["node_info_delimited_plain"])),
            wire_of(outputs, us, "node_info"));
  std::size_t data_frames = 0;
  for (std::size_t i = 0; i < inputs["data_writes"].size(); ++i) {
    const auto& write = inputs["data_writes"][i];
    const Bytes plain = bytes_of(write["plaintext"]);
    Bytes recorded_wire;
    if (write["frames"].is_array()) {
      for (const auto& frame : outputs["data_writes"][i]["frames"]) {
        const Bytes bytes = bytes_of(frame);
        recorded_wire.insert(recorded_wire.end(), bytes.begin(), bytes.end());
      }
    }
    if (write["side"] == us) {
      EXPECT_EQ(seal(plain), recorded_wire);
      continue;
    }
    Bytes received;
    if (!write["frames"].is_array()) continue;
    for (const auto& frame : write["frames"]) {
      Bytes bytes = bytes_of(frame);
      const auto opened = session.opener.open(bytes);
      ASSERT_TRUE(opened);
      received.insert(received.end(), opened->begin(), opened->end());
      ++data_frames;
    }
    EXPECT_EQ(received, plain);
  }
  if (us == "B") {
    EXPECT_GT(data_frames, 0u);
  }
}

TEST(SecretHandshake, EveryRecordedHandshakeReplaysByteForByteInBothRolesAndAnySplit) {
  const auto zeroed = load_vectors("handshake")["handshakes"];
  // The same handshakes with the filler that a real node leaves in its frames: other bytes to read,
  // the same to write.
  const auto raw = load_vectors("handshake_rawpad")["handshakes"];
  ASSERT_EQ(zeroed.size(), 3u);
  ASSERT_EQ(raw.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    for (const auto& [how, split] : splitters()) {
      SCOPED_TRACE("handshake " + std::to_string(i) + ", delivered " + how);
      replay(zeroed[i], zeroed[i], "A", "B", split);
      replay(zeroed[i], zeroed[i], "B", "A", split);
      replay(raw[i], zeroed[i], "A", "B", split);
      replay(raw[i], zeroed[i], "B", "A", split);
    }
  }
}

// --- a scripted remote ---

struct SecretHandshakeWithAScriptedRemote : testing::Test {
  NodeKey our_key = key_from(0x33);
  NodeKey their_key = key_from(0x44);
  std::optional<SecretHandshake> us{std::in_place, our_key, ephemeral_from(0x11), std::nullopt};

  static Bytes ephemeral_message(ByteView key) {
    Bytes value = {0x0a, static_cast<std::uint8_t>(key.size())};
    value.insert(value.end(), key.begin(), key.end());
    return delimited(value);
  }

  // Plays the remote up to its auth frame, which holds `plain`.
  Bytes auth_frame(const std::function<Bytes(ByteView challenge)>& plain) {
    // A SecretHandshake of their own gives the public half.
    SecretHandshake twin(their_key, ephemeral_from(0x22), std::nullopt);
    const Bytes theirs = twin.take_output();
    const Bytes ours = us->take_output();
    EXPECT_TRUE(us->receive(theirs));
    EXPECT_EQ(us->take_output().size(), kFrameSealed);
    const auto our_public = ByteView(ours).subspan<3, 32>();
    const auto their_public = ByteView(theirs).subspan<3, 32>();
    return test::auth_frame(ephemeral_from(0x22), their_public, our_public, plain);
  }

  Bytes good_auth(ByteView challenge) const { return test::auth_message(their_key, challenge); }
};

TEST_F(SecretHandshakeWithAScriptedRemote, TheCanonicalAuthMessageIsAccepted) {
  const Bytes frame = auth_frame([this](ByteView challenge) { return good_auth(challenge); });
  ASSERT_TRUE(us->receive(frame));
  EXPECT_TRUE(us->done());
  EXPECT_EQ(us->take_session().remote_id, their_key.id());
}

TEST_F(SecretHandshakeWithAScriptedRemote, WhatFollowsTheAuthMessageInItsFrameIsHandedOver) {
  const Bytes frame = auth_frame([this](ByteView challenge) {
    return joined({good_auth(challenge), Bytes{1, 2, 3}});
  });
  ASSERT_TRUE(us->receive(frame));
  EXPECT_EQ(us->take_session().early_data, (Bytes{1, 2, 3}));
}

TEST(SecretHandshakeBounds, ExactlyWhatIsWantedIsConsumed) {
  const NodeKey key = key_from(1);
  SecretHandshake machine(key, ephemeral_from(2), std::nullopt);
  EXPECT_EQ(machine.wanted(), kEphemeralMessage);
  const NodeKey other_key = key_from(3);
  SecretHandshake other(other_key, ephemeral_from(4), std::nullopt);
  Bytes theirs = other.take_output();
  ASSERT_TRUE(machine.receive(ByteView(theirs).first(10)));
  EXPECT_EQ(machine.wanted(), kEphemeralMessage - 10);
  ASSERT_TRUE(machine.receive(ByteView(theirs).subspan(10)));
  EXPECT_EQ(machine.wanted(), kFrameSealed);
}

TEST(SecretHandshakeAttacks, ALowOrderKeyEndsTheHandshakeBeforeWeSignAnything) {
  // 0, 1, the points of order 8, p-1, p, p+1.
  const std::vector<std::string> points = {
      "0000000000000000000000000000000000000000000000000000000000000000",
      "0100000000000000000000000000000000000000000000000000000000000000",
      "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
      "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
      "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"};
  const NodeKey key = key_from(0x33);
  for (const std::string& hex : points) {
    for (const unsigned top_bit : {0x00u, 0x80u}) {
      for (const bool dialling : {false, true}) {
        Bytes point = *from_hex(hex);
        point.back() = static_cast<std::uint8_t>(point.back() | top_bit);
        SecretHandshake machine(key, ephemeral_from(0x11),
                                dialling ? std::optional(key_from(9).id()) : std::nullopt);
        machine.take_output();
        const auto taken =
            feed(machine, SecretHandshakeWithAScriptedRemote::ephemeral_message(point));
        ASSERT_FALSE(taken) << hex;
        EXPECT_EQ(taken.error().reason, Reason::ephemeral_key_low_order);
        EXPECT_TRUE(machine.take_output().empty());
      }
    }
  }
}

TEST(SecretHandshakeAttacks, OurOwnKeyReflectedIsRefused) {
  const NodeKey key = key_from(0x33);
  SecretHandshake machine(key, ephemeral_from(0x11), std::nullopt);
  const auto taken = feed(machine, machine.take_output());
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().reason, Reason::ephemeral_key_reflected);
  EXPECT_TRUE(machine.take_output().empty());
}

// A relay that runs a session of its own with each side cannot pass either one's signature on.
TEST(SecretHandshakeAttacks, ARelayWithItsOwnKeysFailsAtTheSignature) {
  const NodeKey alice_key = key_from(1), bob_key = key_from(2), mallory_key = key_from(3);
  SecretHandshake alice(alice_key, ephemeral_from(0x11), bob_key.id());
  SecretHandshake bob(bob_key, ephemeral_from(0x22), std::nullopt);
  // Mallory's two sessions; she opens Bob's frame and seals its contents for Alice.
  const auto to_alice_public = SecretHandshake(mallory_key, ephemeral_from(0x44), {}).take_output();
  const auto to_bob_public = SecretHandshake(mallory_key, ephemeral_from(0x55), {}).take_output();
  const Bytes alice_public = alice.take_output();
  const Bytes bob_public = bob.take_output();
  ASSERT_TRUE(feed(alice, to_alice_public));
  ASSERT_TRUE(feed(bob, to_bob_public));
  const auto keys_with = [](std::uint8_t fill, const Bytes& own, const Bytes& their) {
    const auto dh = x25519(ephemeral_from(fill), ByteView(their).subspan<3, 32>());
    return derive_frame_keys(*dh,
                             own < their ? KeyOrder::ours_is_least : KeyOrder::theirs_is_least);
  };
  FrameKeys with_bob = keys_with(0x55, to_bob_public, bob_public);
  FrameKeys with_alice = keys_with(0x44, to_alice_public, alice_public);
  Bytes bobs_frame = bob.take_output();
  FrameOpener opener(std::move(with_bob.receive));
  const auto bobs_proof = opener.open(bobs_frame);
  ASSERT_TRUE(bobs_proof);
  Bytes relayed(kFrameSealed);
  FrameWriter writer(relayed);
  writer.append(*bobs_proof);
  FrameSealer sealer(std::move(with_alice.send));
  ASSERT_TRUE(sealer.seal(writer.finish()));
  const auto taken = feed(alice, relayed);
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().reason, Reason::auth_signature_invalid);
}

TEST_F(SecretHandshakeWithAScriptedRemote, AnotherIdThanTheOneDialledIsRefusedAndNamed) {
  us.emplace(our_key, ephemeral_from(0x11), key_from(0x55).id());
  const Bytes frame = auth_frame([this](ByteView challenge) { return good_auth(challenge); });
  const auto taken = us->receive(frame);
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().reason, Reason::wrong_id);
  EXPECT_NE(taken.error().detail.find(their_key.id().to_string()), std::string::npos);
}

TEST_F(SecretHandshakeWithAScriptedRemote, OurselvesAreRefused) {
  their_key = key_from(0x33);
  const Bytes frame = auth_frame([this](ByteView challenge) { return good_auth(challenge); });
  const auto taken = us->receive(frame);
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().reason, Reason::connected_to_self);
}

// The first message.
TEST(SecretHandshakeMalformed, OnlyThe35BytesOfAnEphemeralKeyAreTaken) {
  const NodeKey key = key_from(0x33);
  const auto verdict = [&key](const Bytes& bytes) {
    SecretHandshake machine(key, ephemeral_from(0x11), std::nullopt);
    machine.take_output();
    const auto taken = feed(machine, bytes);
    EXPECT_TRUE(machine.take_output().empty());
    return taken ? std::nullopt : std::optional(taken.error().reason);
  };
  for (const std::size_t size : {0u, 1u, 31u, 33u, 64u}) {
    SCOPED_TRACE(size);
    EXPECT_NE(verdict(SecretHandshakeWithAScriptedRemote::ephemeral_message(Bytes(size, 5))),
              std::nullopt);
  }
  EXPECT_NE(verdict(*from_hex("ffff3f0afbff3f")), std::nullopt);        // a value of 1 MiB - 1
  EXPECT_NE(verdict(*from_hex("ffffffffffffffffff01")), std::nullopt);  // a length of 2^64 - 1
  EXPECT_NE(verdict(*from_hex("a2000a20")), std::nullopt);  // a length not in short form
  EXPECT_EQ(verdict(*from_hex("220820")), Reason::ephemeral_key_malformed);  // varint, not bytes
  EXPECT_EQ(verdict(*from_hex("221220")), Reason::ephemeral_key_malformed);  // field 2
  EXPECT_EQ(verdict(*from_hex("220a1f")), Reason::ephemeral_key_malformed);
}

TEST(SecretHandshakeMalformed, AnUnfinishedKeyIsNeitherAcceptedNorRefused) {
  const NodeKey key = key_from(0x33);
  const Bytes message = SecretHandshakeWithAScriptedRemote::ephemeral_message(Bytes(32, 5));
  ASSERT_EQ(message.size(), kEphemeralMessage);
  for (std::size_t size = 0; size < message.size(); ++size) {
    SecretHandshake machine(key, ephemeral_from(0x11), std::nullopt);
    machine.take_output();
    EXPECT_TRUE(feed(machine, ByteView(message).first(size)));
    EXPECT_EQ(machine.stage(), Stage::key_exchange);
    EXPECT_TRUE(machine.take_output().empty());
  }
}

// The second message.
TEST_F(SecretHandshakeWithAScriptedRemote, OnlyTheCanonicalAuthMessageIsTaken) {
  const Bytes key(their_key.public_key().bytes.begin(), their_key.public_key().bytes.end());
  const auto field = [](std::uint8_t tag, const Bytes& value) {
    Bytes bytes = {tag, static_cast<std::uint8_t>(value.size())};
    bytes.insert(bytes.end(), value.begin(), value.end());
    return bytes;
  };
  const auto resized = [](Bytes bytes, std::size_t size) {
    bytes.resize(size);
    return bytes;
  };
  using Maker = std::function<Bytes(const Bytes& signature)>;
  const std::vector<std::pair<std::string, Maker>> cases = {
      {"nothing", [](const Bytes&) { return Bytes{}; }},
      {"no key", [&](const Bytes& sig) { return field(0x12, sig); }},
      {"an empty key",
       [&](const Bytes& sig) {
         return joined({field(0x0a, {}), field(0x12, sig)});
       }},
      {"an unknown kind of key",
       [&](const Bytes& sig) {
         return joined({field(0x0a, field(0x1a, key)), field(0x12, sig)});
       }},
      {"a key of 0 bytes",
       [&](const Bytes& sig) {
         return joined({field(0x0a, field(0x0a, {})), field(0x12, sig)});
       }},
      {"a key of 31 bytes",
       [&](const Bytes& sig) {
         return joined({field(0x0a, field(0x0a, resized(key, 31))), field(0x12, sig)});
       }},
      {"a key of 33 bytes",
       [&](const Bytes& sig) {
         return joined({field(0x0a, field(0x0a, resized(key, 33))), field(0x12, sig)});
       }},
      {"no signature", [&](const Bytes&) { return field(0x0a, field(0x0a, key)); }},
      {"a signature of 63 bytes",
       [&](const Bytes& sig) {
         return joined({field(0x0a, field(0x0a, key)), field(0x12, resized(sig, 63))});
       }},
      {"a signature of 65 bytes",
       [&](const Bytes& sig) {
         return joined({field(0x0a, field(0x0a, key)), field(0x12, resized(sig, 65))});
       }},
      {"fields the other way round",
       [&](const Bytes& sig) {
         return joined({field(0x12, sig), field(0x0a, field(0x0a, key))});
       }},
      {"a repeated signature",
       [&](const Bytes& sig) {
         return joined({field(0x0a, field(0x0a, key)), field(0x12, sig), field(0x12, sig)});
       }},
      {"an unknown field",
       [&](const Bytes& sig) {
         return joined({field(0x0a, field(0x0a, key)), field(0x12, sig), field(0x1a, {})});
       }},
  };
  for (const auto& [what, make] : cases) {
    SCOPED_TRACE(what);
    us.emplace(our_key, ephemeral_from(0x11), std::nullopt);
    const Bytes frame = auth_frame([&, &make = make](ByteView challenge) {
      const Signature signature = their_key.sign(challenge);
      return delimited(make(Bytes(signature.begin(), signature.end())));
    });
    const auto taken = us->receive(frame);
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().reason, Reason::auth_message_malformed);
    EXPECT_EQ(taken.error().stage, Stage::authentication);
  }
}

TEST_F(SecretHandshakeWithAScriptedRemote, ASecp256k1KeyIsNamedAsSuch) {
  const Bytes frame = auth_frame([](ByteView) {
    Bytes message = {0x67, 0x0a, 0x23, 0x12, 0x21};
    message.resize(104, 2);
    return message;
  });
  const auto taken = us->receive(frame);
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().reason, Reason::auth_key_type_unsupported);
}

TEST_F(SecretHandshakeWithAScriptedRemote, AnAuthMessageThatIsNotWholeInTheFirstFrameIsRefused) {
  for (std::size_t size = 0; size < kAuthMessage; size += 17) {
    us.emplace(our_key, ephemeral_from(0x11), std::nullopt);
    const Bytes frame = auth_frame([&](ByteView challenge) {
      Bytes message = good_auth(challenge);
      message.resize(size);
      return message;
    });
    const auto taken = us->receive(frame);
    ASSERT_FALSE(taken) << size;
    EXPECT_EQ(taken.error().reason, Reason::auth_message_malformed);
  }
}

TEST_F(SecretHandshakeWithAScriptedRemote, ASignatureByAnotherKeyOrOfAnotherChallengeIsRefused) {
  const Bytes other_challenge = auth_frame([this](ByteView challenge) {
    Bytes changed(challenge.begin(), challenge.end());
    changed[0] ^= 1;
    return good_auth(changed);
  });
  const auto taken = us->receive(other_challenge);
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().reason, Reason::auth_signature_invalid);
}

TEST_F(SecretHandshakeWithAScriptedRemote, AForgedAuthFrameIsRefused) {
  Bytes frame = auth_frame([this](ByteView challenge) { return good_auth(challenge); });
  frame[500] ^= 1;
  const auto taken = us->receive(frame);
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().reason, Reason::frame_forged);
  EXPECT_EQ(taken.error().stage, Stage::authentication);
}

TEST(SecretHandshakeStrangers, OtherProtocolsAreNamed) {
  const NodeKey key = key_from(0x33);
  for (const auto& [said, reason] : std::vector<std::pair<std::string, Reason>>{
           {"HTTP/1.1 400 Bad Request\r\n", Reason::speaks_http},
           {std::string("\x15\x03\x01\x00\x02\x02\x46", 7), Reason::speaks_tls},
           {std::string("\x16\x03\x03\x00", 4), Reason::speaks_tls},
           {"SSH-2.0-OpenSSH_9.2\r\n", Reason::speaks_ssh},
           {"220 mail ESMTP\r\n", Reason::not_a_comet_node}}) {
    SecretHandshake machine(key, ephemeral_from(0x11), std::nullopt);
    const auto taken = feed(machine, as_bytes(said));
    ASSERT_FALSE(taken) << said;
    EXPECT_EQ(taken.error().reason, reason);
    EXPECT_EQ(taken.error().stage, Stage::key_exchange);
  }
}

}  // namespace
}  // namespace peerage::conn

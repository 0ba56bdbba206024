// Asymmetric cryptography that costs next to nothing, for simulations of a hundred thousand
// handshakes; and a cheap hash for Keccak, which is four for each datagram of discv4. Production
// code has no seam for it and knows nothing of it: a program that links `peerage_sim_cheap_crypto`
// has the asymmetric functions of libsodium and libsecp256k1 that conn/ uses, and conn's Keccak,
// interposed by its linker, and may then switch between the real ones (the default) and these.
//
// What is kept: both ends of a key exchange agree, and only they by what they hold; a key exchange
// with the neutral element fails; a key pair follows from its seed; a signature belongs to one
// message and one key, and any other is refused; a recoverable one yields its signer, or nobody;
// bytes that are no public key are refused. What is not kept: secrecy. The public key is enough to
// sign. Nor has a signature of the curve a twin with a high s. Keccak has 64 bits, drawn out to
// 256. Other hashes, HKDF and the AEAD are the real ones.
//
// Threads: the switch is process-wide; set it before anything starts.
#pragma once

#include <cstdint>

namespace peerage::sim {

enum class Cryptography : std::uint8_t { real, cheap };

void use_cryptography(Cryptography which);
Cryptography cryptography();

}  // namespace peerage::sim

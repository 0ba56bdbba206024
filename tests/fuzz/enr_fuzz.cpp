// Records, `cmt` pairs and enode URLs: any bytes and any text are read or refused, and what is read
// is written again as it was.
//
// No fuzzer finds a signature. So the first byte says what is tried: bytes as they are, text, or
// pairs that are signed here, as a stranger with a key would.
#include "conn/crypto/keccak.h"
#include "pex/discovery/contact.h"
#include "pex/discovery/record/cmt.h"
#include "pex/discovery/record/enode_url.h"
#include "pex/discovery/record/rlp.h"
#include "pex/discovery/record/verified_records.h"
#include "tests/fuzz/fuzz_input.h"

using namespace peerage;
using fuzz::require;

namespace {

const conn::Secp256k1Key& key() {
  static const conn::Secp256k1Key kKey = [] {
    conn::Secret<32> secret;
    secret.writable()[31] = 1;
    return conn::Secp256k1Key::from_secret(secret).value();
  }();
  return kKey;
}

void look_at(const pex::Enr& record) {
  require(record.bytes().size() <= pex::kMaxEnrBytes);
  require(record.hash() == conn::keccak256(record.bytes()));
  require(record.id() == pex::EnodeId::of(record.key()));
  const auto by_text = pex::Enr::parse(record.text());
  require(by_text && (*by_text)->hash() == record.hash());
  const auto pairs = record.pairs();
  for (const auto& [name, value] : pairs) {
    const auto found = record.pair(name);
    require(found && std::equal(found->begin(), found->end(), value.begin(), value.end()));
    pex::RlpReader reader(value);
    require(reader.item() && reader.at_end());
  }
  if (const auto contact = pex::Contact::of(*by_text)) {
    require(contact->udp.port != 0);
    require(contact->udp == (record.udp4() ? record.udp4() : record.udp6()));
  }
  if (const auto v6 = record.udp6()) require(!v6->ip.is_v4());
  // Signed by us it has the same pairs.
  const auto again = pex::EnrBuilder(record).sign(key(), record.seq(), pex::kMaxEnrBytes);
  require(again && (*again)->bytes().size() == record.bytes().size());
  require(((*again)->id() == record.id()) == ((*again)->pairs() == pairs));
}

void look_at(const pex::Cmt& cmt) {
  require(!cmt.networks.empty());
  for (const auto& network : cmt.networks) require(!network.empty() && network.size() <= 50);
#ifdef PEERAGE_PLANTED_BUG
  require(cmt.networks.size() < 2);  // as if a second network were mishandled
#endif
  require(pex::Cmt::decode(cmt.encode()) == cmt);
}

void try_record(conn::ByteView bytes) {
  pex::VerifiedRecords records(4);
  const auto record = records.decode(bytes);
  if (!record) return;
  require(
      std::equal(bytes.begin(), bytes.end(), (*record)->bytes().begin(), (*record)->bytes().end()));
  require(*records.decode(bytes) == *record && records.remembered() == 1);
  look_at(**record);
  if (const auto cmt = pex::Cmt::of(**record)) look_at(*cmt);
}

void try_text(std::string_view text) {
  if (const auto record = pex::Enr::parse(text)) {
    require((*record)->text() == text);
    look_at(**record);
  }
  if (const auto url = pex::EnodeUrl::parse(text)) {
    require(pex::EnodeUrl::parse(url->to_string()) == *url);
    require(!url->udp_endpoint() || url->udp_endpoint()->port == url->udp);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  switch (input.byte() % 4) {
    case 0:
      try_record(input.all());
      break;
    case 1:
      try_text(conn::as_text(input.all()));
      break;
    case 2:
      if (const auto cmt = pex::Cmt::decode(input.all())) look_at(*cmt);
      break;
    default: {
      // What stands behind the signature.
      const conn::ByteView content = input.all();
      const auto hash = conn::keccak256(pex::RlpWriter().open().raw(content).close().take());
      try_record(pex::RlpWriter().open().string(key().sign(hash)).raw(content).close().take());
    }
  }
  return 0;
}

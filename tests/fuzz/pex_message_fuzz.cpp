// PEX messages: any bytes decode or are refused, as protobuf's own reading of them says; a list
// never holds more than 250 entries, and what it holds survives being sent on.
#include <string>

#include "p2p/base/peer_reason.h"
#include "pex.pb.h"
#include "pex/exchange/messages.h"
#include "tests/fuzz/fuzz_input.h"

using namespace peerage;
using fuzz::require;

namespace {

// What protobuf and the rules for an address make of it, in the plainest way.
bool is_usable(const proto::PexNetAddress& entry) {
  const std::string ip = entry.ip();
  const bool v6 = ip.find(':') != std::string::npos;
  const auto parsed = conn::NetAddress::parse(entry.id() + "@" + (v6 ? "[" + ip + "]" : ip) + ":" +
                                              std::to_string(entry.port()));
  return parsed.has_value();
}

// As it would be encoded without its unknown fields.
std::string plain(const proto::PexMessage& message) {
  proto::PexMessage known;
  if (message.has_pex_request()) known.mutable_pex_request();
  if (message.has_pex_addrs()) known.mutable_pex_addrs();
  for (const auto& entry : message.pex_addrs().addrs()) {
    auto& copy = *known.mutable_pex_addrs()->add_addrs();
    copy.set_id(entry.id());
    copy.set_ip(entry.ip());
    copy.set_port(entry.port());
  }
  return known.SerializeAsString();
}

void compare(const pex::Message& ours, const proto::PexMessage& theirs) {
  const auto* list = std::get_if<pex::Addresses>(&ours);
  require((list == nullptr) == theirs.has_pex_request());
  if (list == nullptr) return;
  std::size_t usable = 0;
  for (const auto& entry : theirs.pex_addrs().addrs()) usable += is_usable(entry) ? 1 : 0;
  const auto entries = static_cast<std::size_t>(theirs.pex_addrs().addrs_size());
  require(list->usable.size() == usable);
  require(list->usable.size() + list->refused == entries);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto message = pex::decode({data, size});
  proto::PexMessage theirs;
  const bool readable = theirs.ParseFromArray(data, static_cast<int>(size)) &&
                        theirs.sum_case() != proto::PexMessage::SUM_NOT_SET;
  if (!message) {
    require(message.error().reason == p2p::PeerReason::message_malformed);
    // What protobuf can read we refuse only for its size, or for unknown fields.
    const bool fits = theirs.pex_addrs().addrs_size() <= 250 && size <= pex::kMaxMessage;
    require(!(readable && fits && plain(theirs) == std::string(data, data + size)));
    return 0;
  }
  require(readable);
  compare(*message, theirs);
  const auto* list = std::get_if<pex::Addresses>(&*message);
  if (list == nullptr) return 0;
  require(list->usable.size() + list->refused <= pex::kMaxAddresses);
#ifdef PEERAGE_PLANTED_BUG
  require(list->refused < 3);  // as if three bad entries were too many
#endif
  const conn::Bytes again = pex::encode_addresses(list->usable);
  require(again.size() <= pex::kMaxMessage);
  const auto decoded = pex::decode(again);
  require(decoded.has_value());
  require(std::get<pex::Addresses>(*decoded).usable == list->usable);
  return 0;
}

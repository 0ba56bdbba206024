// PEX messages: any bytes decode or are refused; a list never holds more than 250 entries, and what
// it holds survives being sent on.
#include "pex/messages.h"
#include "tests/fuzz/fuzz_input.h"

using namespace peerage;
using fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto message = pex::decode({data, size});
  if (!message) {
    require(message.error().reason == conn::Reason::message_malformed);
    return 0;
  }
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

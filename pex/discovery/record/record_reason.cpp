#include "pex/discovery/record/record_reason.h"

#include <cstddef>

namespace peerage::pex {
namespace {

constexpr auto kTexts = conn::reason_texts<RecordReason>({
    {RecordReason::record_malformed,
     {"record_malformed", "this is no node record",
      "a record begins with enr: and is one word; copy it whole"}},
    {RecordReason::record_too_large,
     {"record_too_large", "the node record would be larger than one may be",
      "name fewer networks, or remove pairs of your own"}},
    {RecordReason::enode_malformed,
     {"enode_malformed", "this is no enode URL",
      "write it as enode://KEY@IP:PORT, KEY being 128 hex digits, with ?discport=PORT if UDP has "
      "another port"}},
});
static_assert(kTexts.size() == static_cast<std::size_t>(RecordReason::enode_malformed) + 1);

const conn::ReasonModule kModule{kTexts};

}  // namespace

const conn::ReasonText& reason_text(RecordReason reason) noexcept {
  return kTexts[static_cast<std::size_t>(reason)];
}

}  // namespace peerage::pex

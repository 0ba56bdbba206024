#include "conn/runtime/asio_runtime_txt.h"

#include <algorithm>
#include <optional>

#include <arpa/nameser.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>

#include "conn/runtime/runtime.h"

namespace peerage::conn::asio_runtime {
namespace {

constexpr std::size_t kMaxAnswer = 65'535;  // what TCP can carry: none is ever cut

tl::unexpected<Failure> malformed(const std::string& name) {
  return fail(Stage::resolve, Reason::name_lookup_failed, name + ": malformed answer");
}

// The system's resolver, for one lookup.
class ResolverState {
 public:
  ResolverState() : usable_(::res_ninit(&state_) == 0) {}
  ~ResolverState() {
    if (usable_) ::res_nclose(&state_);
  }
  ResolverState(const ResolverState&) = delete;
  ResolverState& operator=(const ResolverState&) = delete;

  // How long the answer is.
  std::optional<std::size_t> ask(const std::string& name, MutableBytes answer) {
    if (!usable_) return std::nullopt;
    const int length = ::res_nquery(&state_, name.c_str(), ns_c_in, ns_t_txt, answer.data(),
                                    static_cast<int>(answer.size()));
    if (length < 0) return std::nullopt;
    return std::min(answer.size(), static_cast<std::size_t>(length));
  }
  int error() const { return usable_ ? state_.res_h_errno : NO_RECOVERY; }

 private:
  struct __res_state state_ {};
  const bool usable_;
};

// A record's strings, each behind its length, as one.
std::optional<std::string> joined(ByteView data) {
  std::string text;
  while (!data.empty()) {
    const std::size_t length = data.front();
    data = data.subspan(1);
    if (length > data.size()) return std::nullopt;
    text += as_text(data.first(length));
    data = data.subspan(length);
  }
  return text;
}

}  // namespace

Result<std::vector<std::string>> look_up_txt(const std::string& name) {
  ResolverState resolver;
  Bytes answer(kMaxAnswer);
  if (const auto length = resolver.ask(name, answer)) {
    return read_txt_answer(ByteView(answer).first(*length), name);
  }
  const int error = resolver.error();
  const bool missing = error == HOST_NOT_FOUND || error == NO_DATA;
  return fail(Stage::resolve, missing ? Reason::name_not_found : Reason::name_lookup_failed,
              name + ": " + ::hstrerror(error));
}

Result<std::vector<std::string>> read_txt_answer(ByteView answer, const std::string& name) {
  ns_msg message;
  if (::ns_initparse(answer.data(), static_cast<int>(answer.size()), &message) != 0) {
    return malformed(name);
  }
  std::vector<std::string> records;
  const int count = ns_msg_count(message, ns_s_an);
  for (int i = 0; i < count && records.size() < kMaxTxtRecords; ++i) {
    ns_rr record;
    if (::ns_parserr(&message, ns_s_an, i, &record) != 0) return malformed(name);
    // Names that lead to others (CNAME) stand in the same answer.
    if (ns_rr_type(record) != ns_t_txt || ns_rr_class(record) != ns_c_in) continue;
    const auto text = joined({ns_rr_rdata(record), static_cast<std::size_t>(ns_rr_rdlen(record))});
    if (!text) return malformed(name);
    if (text->size() <= kMaxTxtBytes) records.push_back(*text);
  }
  if (records.empty())
    return fail(Stage::resolve, Reason::name_not_found, name + ": no TXT record");
  return records;
}

}  // namespace peerage::conn::asio_runtime

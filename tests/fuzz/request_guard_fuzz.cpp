// The request guard and the request pacer, beside the plainest account of the same rules: which
// node asks, when, from where, in whatever order.
#include <map>
#include <vector>

#include "conn/address/cidr.h"
#include "pex/exchange/request_guard.h"
#include "pex/exchange/request_pacer.h"
#include "tests/fuzz/fuzz_input.h"

using namespace peerage;
using fuzz::Input;
using fuzz::require;
using pex::RequestGuard;
using Verdict = RequestGuard::Verdict;

namespace {

const pex::RequestLimits kLimits;

// One host's account, by counting.
struct Host {
  std::vector<conn::TimePoint> answers;
  std::uint32_t strikes = 0, drops = 0;
  conn::TimePoint last, asked{conn::TimePoint::min()};
};

void check_rate(const std::vector<conn::TimePoint>& answers) {
  for (std::size_t first = 0; first < answers.size(); ++first) {
    const auto span = answers.back() - answers[first];
    const auto allowed =
        kLimits.host_burst + static_cast<std::uint64_t>(span / kLimits.host_pause) + 1;
    require(answers.size() - first <= allowed);
  }
}

void check_guard(Input& input) {
  RequestGuard guard(kLimits);
  std::map<conn::IpAddress, Host> hosts;
  conn::TimePoint now{std::chrono::hours(1)};
  while (!input.empty()) {
    const std::uint8_t what = input.byte();
    now += std::chrono::milliseconds(input.byte() * (what & 0x80 ? 10'000 : 40));
    const auto ip = conn::IpAddress::v4(5, 6, 7, what & 3);
    const auto trust = what & 4 ? RequestGuard::Trust::trusted : RequestGuard::Trust::stranger;
    const RequestGuard::Asker asker = {ip, {}, trust, RequestGuard::CountedAs::host};
    const int kind = (what >> 3) & 7;  // mostly requests
    if (kind <= 1 && trust == RequestGuard::Trust::trusted) {
      // That leaves no trace at all.
      require((kind == 0 ? guard.on_unsolicited(asker, now) : guard.on_nonsense(asker, now)) ==
              Verdict::ignore);
      continue;
    }
    Host& host = hosts[ip];
    if (now - host.last >= kLimits.memory) host.strikes = host.drops = 0;
    host.last = now;
    const bool too_soon = host.asked + kLimits.too_soon > now;
    const Verdict verdict = kind == 0   ? guard.on_unsolicited(asker, now)
                            : kind == 1 ? guard.on_nonsense(asker, now)
                                        : guard.on_request(asker, now);
    if (kind > 1) host.asked = now;
    if (verdict == Verdict::answer) {
      require(kind > 1);
      host.answers.push_back(now);
      check_rate(host.answers);
      continue;
    }
    if (trust == RequestGuard::Trust::trusted || (kind > 1 && !too_soon)) {
      require(verdict == Verdict::ignore);
      continue;
    }
    // An ignored request may also be the neighbourhood's: then nothing is held against the host.
    Host expected = host;
    if (kind == 0 || ++expected.strikes >= kLimits.strikes_to_drop) {
      if (kind != 0) expected.strikes = 0;
      ++expected.drops;
    }
    const bool dropped = expected.drops > host.drops;
#ifdef PEERAGE_PLANTED_BUG
    const bool banned = expected.drops > kLimits.drops_to_ban;
#else
    const bool banned = expected.drops >= kLimits.drops_to_ban;
#endif
    if (verdict == Verdict::ignore && dropped) continue;  // so it was the neighbourhood's
    require(verdict != Verdict::ban || banned);
    require(verdict != Verdict::drop || (dropped && !banned));
    host = expected;
    if (banned) host.drops = 0;
  }
  require(guard.hosts() <= RequestGuard::kMaxHosts);
}

void check_pacer(Input& input) {
  pex::RequestPacer pacer;
  struct Peer {
    bool here = false, outstanding = false;
    std::vector<conn::TimePoint> asked;  // ever
    std::size_t on_this_connection = 0;
  };
  std::map<std::uint8_t, Peer> peers;
  conn::TimePoint now{std::chrono::hours(1)};
  while (!input.empty()) {
    const std::uint8_t what = input.byte();
    now += std::chrono::milliseconds(input.byte() * 60);
    const std::uint8_t number = what & 3;
    conn::ByteArray<conn::NodeId::kBytes> bytes{};
    bytes[0] = number;
    const conn::NodeId id(bytes);
    Peer& peer = peers[number];
    switch ((what >> 2) & 3) {
      case 0:
        if (peer.here) break;
        pacer.on_connected(id, now);
        peer.here = true;
        peer.outstanding = false;
        peer.on_this_connection = 0;
        break;
      case 1:
        pacer.on_gone(id);
        peer.here = false;
        break;
      case 2:
        if (!pacer.may_ask(id, now)) break;
        require(peer.here && !peer.outstanding);
        // The Go node's rule: the third and later of a connection, 10 s after the one before.
        if (peer.on_this_connection >= 2) {
          require(now - peer.asked.back() >= std::chrono::seconds(10));
        }
        pacer.on_asked(id, now);
        peer.asked.push_back(now);
        ++peer.on_this_connection;
        peer.outstanding = true;
        break;
      default:
        require(pacer.on_list(id) == (peer.here && peer.outstanding));
        peer.outstanding = false;
        break;
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input guard(data, size);
  check_guard(guard);
  Input pacer(data, size);
  check_pacer(pacer);
  return 0;
}

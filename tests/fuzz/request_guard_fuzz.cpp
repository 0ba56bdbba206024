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

// Small, so that short inputs reach every rule.
constexpr pex::RequestLimits kLimits = {.host_burst = 4,
                                        .host_reserve = 2,
                                        .together = std::chrono::seconds(2),
                                        .flood_burst = 5,
                                        .flood_pause = std::chrono::seconds(1)};

// One host's account, by counting.
struct Host {
  std::vector<conn::TimePoint> answers, ignored;
  std::uint32_t bad_lists = 0, offences = 0;
  conn::TimePoint offended{conn::TimePoint::min()};
};

// No span of them holds more than a burst, and one for each pause.
void check_rate(const std::vector<conn::TimePoint>& times, std::uint64_t burst,
                conn::Duration pause) {
  for (std::size_t first = 0; first < times.size(); ++first) {
    const auto span = times.back() - times[first];
    require(times.size() - first <= burst + static_cast<std::uint64_t>(span / pause) + 1);
  }
}

enum class Sent : std::uint8_t { violation, nonsense, request };

Verdict verdict_of(RequestGuard& guard, Sent what, const RequestGuard::Asker& asker,
                   conn::TimePoint now) {
  switch (what) {
    case Sent::violation:
      return guard.on_violation(asker, now);
    case Sent::nonsense:
      return guard.on_nonsense(asker, now);
    case Sent::request:
      return guard.on_request(asker, now);
  }
  return Verdict::ignore;
}

// What the guard must say of an offence.
Verdict one_more_offence(Host& host) {
#ifdef PEERAGE_PLANTED_BUG
  if (++host.offences <= kLimits.offences_to_ban) return Verdict::drop;
#else
  if (++host.offences < kLimits.offences_to_ban) return Verdict::drop;
#endif
  host.offences = 0;
  return Verdict::ban;
}

void check_request(Host& host, Verdict verdict, conn::TimePoint last_of_node, conn::TimePoint now) {
  if (verdict == Verdict::answer) {
    require(last_of_node + kLimits.together <= now);
    host.answers.push_back(now);
    check_rate(host.answers, kLimits.host_burst, kLimits.host_pause);
  } else if (verdict == Verdict::ignore) {
    host.ignored.push_back(now);
    check_rate(host.ignored, kLimits.flood_burst, kLimits.flood_pause);
  } else {
    require(host.ignored.size() >= kLimits.flood_burst);
    require(verdict == one_more_offence(host));
    host.ignored.clear();
    host.offended = now;
  }
}

void check_guard(Input& input) {
  RequestGuard guard(kLimits);
  std::map<conn::IpAddress, Host> hosts;
  std::map<conn::NodeId, conn::TimePoint> answered;
  conn::TimePoint now{std::chrono::hours(1)};
  while (!input.empty()) {
    const std::uint8_t what = input.byte();
    now += std::chrono::milliseconds(input.byte() * (what & 0x80 ? 10'000 : 40));
    const auto ip = conn::IpAddress::v4(5, 6, 7, what & 1);
    conn::ByteArray<conn::NodeId::kBytes> bytes{};
    bytes[0] = what & 3;
    const auto trust = what & 4 ? RequestGuard::Trust::trusted : RequestGuard::Trust::stranger;
    const RequestGuard::Asker asker = {ip, conn::NodeId(bytes), trust,
                                       RequestGuard::CountedAs::host};
    const Sent sent = static_cast<Sent>(std::min((what >> 3) & 7, 2));  // mostly requests
    const Verdict verdict = verdict_of(guard, sent, asker, now);
    if (trust == RequestGuard::Trust::trusted) {
      require(verdict == Verdict::ignore || (sent == Sent::request && verdict == Verdict::answer));
    }
    Host& host = hosts[ip];
    const bool counts = trust == RequestGuard::Trust::stranger;
    if (counts && host.offended + kLimits.memory <= now) host.bad_lists = host.offences = 0;
    if (sent == Sent::request) {
      const auto last = answered.try_emplace(asker.id, conn::TimePoint::min()).first;
      if (counts || verdict == Verdict::answer) check_request(host, verdict, last->second, now);
      if (verdict == Verdict::answer) last->second = now;
      continue;
    }
    if (!counts) continue;
    host.offended = now;
    if (sent == Sent::nonsense && ++host.bad_lists < kLimits.bad_lists) {
      require(verdict == Verdict::ignore);
      continue;
    }
    if (sent == Sent::nonsense) host.bad_lists = 0;
    require(verdict == one_more_offence(host));
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

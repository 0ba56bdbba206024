#include "pex/exchange/request_guard.h"

#include "conn/address/cidr.h"

namespace peerage::pex {

using conn::TimePoint;
using conn::TokenBucket;

namespace {

// A bucket in which a token is a microsecond of the pause between two answers.
constexpr std::uint64_t kTokensPerSecond = 1'000'000;

std::uint64_t tokens(conn::Duration pause) {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(pause).count());
}

}  // namespace

RequestGuard::Verdict RequestGuard::on_request(const Asker& asker, TimePoint now) {
  Account& host = account_of(asker, now);
  const bool too_soon = host.ever_asked && now - host.asked < limits_.too_soon;
  host.asked = now;
  host.ever_asked = true;
  if (!host.bucket.take(tokens(limits_.host_pause), now)) {
    return too_soon && asker.trust == Trust::stranger ? strike(host) : Verdict::ignore;
  }
  if (asker.counted_as == CountedAs::itself) return Verdict::answer;
  Account& neighbourhood = neighbourhoods_.use(conn::neighbourhood_of(asker.ip), [&] {
    return opened(limits_.neighbourhood_burst, limits_.neighbourhood_pause, now);
  });
  const bool room = neighbourhood.bucket.take(tokens(limits_.neighbourhood_pause), now);
  return room ? Verdict::answer : Verdict::ignore;
}

RequestGuard::Verdict RequestGuard::on_unsolicited(const Asker& asker, TimePoint now) {
  return asker.trust == Trust::trusted ? Verdict::ignore : drop(account_of(asker, now));
}

RequestGuard::Verdict RequestGuard::on_nonsense(const Asker& asker, TimePoint now) {
  return asker.trust == Trust::trusted ? Verdict::ignore : strike(account_of(asker, now));
}

RequestGuard::Account& RequestGuard::account_of(const Asker& asker, TimePoint now) {
  const Key key =
      asker.counted_as == CountedAs::itself ? Key(asker.id) : Key(conn::host_of(asker.ip));
  Account& host =
      hosts_.use(key, [&] { return opened(limits_.host_burst, limits_.host_pause, now); });
  if (now - host.last >= limits_.memory) host.strikes = host.drops = 0;
  host.last = now;
  return host;
}

RequestGuard::Account RequestGuard::opened(std::uint64_t burst, conn::Duration pause,
                                           TimePoint now) {
  return {TokenBucket(kTokensPerSecond, burst * tokens(pause), now), now, {}};
}

RequestGuard::Verdict RequestGuard::strike(Account& host) const {
  if (++host.strikes < limits_.strikes_to_drop) return Verdict::ignore;
  host.strikes = 0;
  return drop(host);
}

RequestGuard::Verdict RequestGuard::drop(Account& host) const {
  if (++host.drops < limits_.drops_to_ban) return Verdict::drop;
  host.drops = 0;
  return Verdict::ban;
}

}  // namespace peerage::pex

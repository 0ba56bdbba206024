#include "pex/exchange/request_guard.h"

#include "conn/address/cidr.h"

namespace peerage::pex {

using conn::Duration;
using conn::TimePoint;
using conn::TokenBucket;

namespace {

// A bucket in which a token is a microsecond of the pause between two grants.
constexpr std::uint64_t kTokensPerSecond = 1'000'000;

std::uint64_t tokens(Duration pause) {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(pause).count());
}

TokenBucket bucket(std::uint64_t burst, Duration pause, TimePoint now) {
  return {kTokensPerSecond, burst * tokens(pause), now};
}

}  // namespace

RequestGuard::Verdict RequestGuard::on_request(const Asker& asker, TimePoint now) {
  Account& account = account_of(asker, now);
  if (pay(asker, account, now)) {
    answered_.use(asker.id, [] { return Answered(); }) = {now, Answered::With::addresses};
    return Verdict::answer;
  }
  if (asker.trust == Trust::trusted) return Verdict::ignore;
  if (account.unanswered.take(tokens(limits_.flood_pause), now)) return Verdict::ignore;
  // Or the next connection would offend with its first request.
  account.unanswered = bucket(limits_.flood_burst, limits_.flood_pause, now);
  return offence(asker, now);
}

void RequestGuard::had_nothing(const Asker& asker) {
  if (Answered* const last = answered_.use(asker.id)) last->with = Answered::With::nothing;
}

bool RequestGuard::pay(const Asker& asker, Account& account, TimePoint now) {
  const Answered* const last = answered_.find(asker.id);
  if (last != nullptr && now - last->at < limits_.together) return false;
  const std::uint64_t price = tokens(limits_.host_pause);
  if (asker.counted_as == CountedAs::itself) return account.answers.take(price, now);
  const bool is_new_here =
      last == nullptr || last->with == Answered::With::nothing || now - last->at >= limits_.memory;
  const std::uint64_t must_stay = is_new_here ? 0 : limits_.host_reserve * price;
  if (account.answers.available(now) < must_stay + price) return false;
  account.answers.take(price, now);
  TokenBucket& neighbourhood = neighbourhoods_.use(conn::neighbourhood_of(asker.ip), [&] {
    return bucket(limits_.neighbourhood_burst, limits_.neighbourhood_pause, now);
  });
  return neighbourhood.take(tokens(limits_.neighbourhood_pause), now);
}

RequestGuard::Verdict RequestGuard::on_violation(const Asker& asker, TimePoint now) {
  return offence(asker, now);
}

RequestGuard::Verdict RequestGuard::on_nonsense(const Asker& asker, TimePoint now) {
  if (asker.trust == Trust::trusted) return Verdict::ignore;
  Account& account = account_of(asker, now);
  account.offended = now;
  if (++account.bad_lists < limits_.bad_lists) return Verdict::ignore;
  account.bad_lists = 0;
  return offence(asker, now);
}

RequestGuard::Account& RequestGuard::account_of(const Asker& asker, TimePoint now) {
  const bool shared = asker.counted_as == CountedAs::itself;
  const Key key = shared ? Key(asker.id) : Key(conn::host_of(asker.ip));
  Account& account = hosts_.use(key, [&] {
    const std::uint64_t burst = limits_.host_burst - (shared ? limits_.host_reserve : 0);
    return Account{bucket(burst, limits_.host_pause, now),
                   bucket(limits_.flood_burst, limits_.flood_pause, now), 0, 0, now};
  });
  if (now - account.offended >= limits_.memory) account.offences = account.bad_lists = 0;
  return account;
}

RequestGuard::Verdict RequestGuard::offence(const Asker& asker, TimePoint now) {
  if (asker.trust == Trust::trusted) return Verdict::ignore;
  Account& account = account_of(asker, now);
  account.offended = now;
  if (++account.offences < limits_.offences_to_ban) return Verdict::drop;
  account.offences = 0;
  return Verdict::ban;
}

}  // namespace peerage::pex

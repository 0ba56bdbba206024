#include "addrbook/book/address_book.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace peerage::addrbook {

using conn::IpAddress;
using conn::NetAddress;
using conn::NodeId;

namespace {

conn::KeyedHash hash_with(conn::Random& random) {
  conn::KeyedHash::Key key;
  for (std::size_t half = 0; half < 2; ++half) {
    const std::uint64_t word = random.next();
    std::memcpy(key.data() + 8 * half, &word, 8);
  }
  return conn::KeyedHash(key);
}

// What no peer of any network could have.
bool could_be_a_peer(const NetAddress& address) {
  const auto could_be = [](const IpAddress& ip) {
    return ip.valid() && !ip.multicast() && !ip.reserved() && !ip.rfc5737() && !ip.rfc9637();
  };
  const IpAddress& ip = address.endpoint.ip;
  return address.valid() && address.endpoint.port != 0 && could_be(ip) && could_be(ip.carried());
}

// The same socket, also when it is named by an address that carries the other.
bool is_same(const conn::Endpoint& a, const conn::Endpoint& b) {
  return a.port == b.port && a.ip.carried() == b.ip.carried();
}

constexpr std::array<std::string_view, kAddedCount> kAddedNames = {"added",
                                                                   "known",
                                                                   "invalid",
                                                                   "unroutable",
                                                                   "own",
                                                                   "private_id",
                                                                   "proven_elsewhere",
                                                                   "too_many_candidates",
                                                                   "too_many_for_host",
                                                                   "too_many_for_neighbourhood",
                                                                   "told_too_fast",
                                                                   "no_place"};

constexpr std::array<std::string_view, kTransitionCount> kTransitionNames = {
    "promoted", "demoted", "expired", "forgotten"};

// The node tells of itself, at the IP that it connects from.
bool is_from_itself(const NetAddress& address, const Source& source) {
  const bool proven = source.origin == Origin::inbound || source.origin == Origin::discovery;
  return proven && source.id == address.id && source.ip == address.endpoint.ip;
}

}  // namespace

std::string_view name(Added outcome) noexcept {
  return kAddedNames[static_cast<std::size_t>(outcome)];
}

std::string_view name(Transition transition) noexcept {
  return kTransitionNames[static_cast<std::size_t>(transition)];
}

AddressBook::AddressBook(std::string network, const NodeId& own_id, const BookKey& key,
                         const conn::Random::Seed& seed, BookConfig config)
    : AddressBook(std::move(network), own_id, key, conn::Random(seed), std::move(config)) {}

AddressBook::AddressBook(std::string network, const NodeId& own_id, const BookKey& key,
                         conn::Random random, BookConfig config)
    : network_(std::move(network)),
      own_id_(own_id),
      config_(std::move(config)),
      table_(Placement(key, config_.strict, config_.geometry), hash_with(random)),
      changes_(network_, table_),
      displacement_(table_, config_),
      picker_(table_, config_, random),
      told_(config_.told_per_second, config_.told_burst, config_.told_after_request) {}

// --- what never enters ---

void AddressBook::add_own(const conn::Endpoint& endpoint) {
  if (own_.size() >= kMaxOwnAddresses || !own_.insert(endpoint).second) return;
  std::vector<NetAddress> ours;
  for_each([&](const KnownAddress& known) {
    if (is_same(known.address.endpoint, endpoint)) ours.push_back(known.address);
  });
  for (const NetAddress& address : ours) forget(address);
}

void AddressBook::set_private_ids(std::set<NodeId> ids) {
  config_.private_ids = std::move(ids);
  for (const NodeId& id : config_.private_ids) forget(id);
}

std::optional<Added> AddressBook::never_enters(const NetAddress& address) const {
  const IpAddress& ip = address.endpoint.ip;
  if (!could_be_a_peer(address)) return Added::invalid;
  if (config_.strict == IpAddress::Strict::yes && !ip.routable()) {
    return Added::unroutable;
  }
  const bool is_ours = std::any_of(own_.begin(), own_.end(), [&address](const auto& own) {
    return is_same(own, address.endpoint);
  });
  if (address.id == own_id_ || is_ours) return Added::own;
  if (config_.private_ids.contains(address.id)) return Added::private_id;
  return std::nullopt;
}

// --- hearing of addresses ---

Added AddressBook::add(const NetAddress& address, const Source& source, Time now) {
  wake(now);
  const Added outcome = decide(address, source, now);
  ++added_[static_cast<std::size_t>(outcome)];
  return outcome;
}

void AddressBook::expect_answer(const IpAddress& source, Time now) {
  told_.expect_answer(table_.group(source), now);
}

Added AddressBook::decide(const NetAddress& address, const Source& source, Time now) {
  if (const auto refused = never_enters(address)) return *refused;
  if (source.id != NodeId() && config_.private_ids.contains(source.id)) return Added::private_id;
  if (const auto index = table_.find(address)) {
    heard_again(*index, source, now);
    return Added::known;
  }
  const bool from_itself = is_from_itself(address, source);
  const bool unrated = from_itself || source.origin == Origin::configuration ||
                       source.origin == Origin::import || config_.exempts(source.ip);
  if (!unrated && !told_.take(table_.group(source.ip), source.word, now)) {
    return Added::told_too_fast;
  }
  KnownAddress known;
  known.address = address;
  known.source = source.ip;
  known.origin = source.origin;
  known.first_seen = known.last_seen = now;
  if (from_itself) known.said_itself = now;
  return take_in(std::move(known), now).value_or(Added::added);
}

void AddressBook::heard_again(Index index, const Source& source, Time now) {
  KnownAddress& known = table_.record(index);
  if (now - known.last_seen >= kSeenResolution) {
    known.last_seen = now;
    touch(index);
  }
  if (!is_from_itself(known.address, source) || now - known.said_itself < kSaidResolution) return;
  if (is_first_hand(known)) {
    known.said_itself = now;
    touch(index);
    note_move(known.address, now);
    return;
  }
  // It was hearsay: it goes to where first-hand addresses are, if there is room, and stays else.
  const KnownAddress before = known;
  const Place place = table_.place(index);
  erase(index);
  KnownAddress from_now_on = before;
  from_now_on.source = source.ip;
  from_now_on.origin = source.origin;
  from_now_on.said_itself = now;
  if (take_in(std::move(from_now_on), now)) touch(insert(before, place));
}

// Nothing has changed when it is refused.
std::optional<Added> AddressBook::take_in(KnownAddress known, Time now) {
  const auto gone = displacement_.gone_for(known, now);
  if (!gone) return gone.error();
  for (const Index index : *gone) drop(index, Transition::expired);
  const Place place = *displacement_.place_of(known, now);
  if (const auto holder = table_.holder(Kind::new_, place)) drop(*holder, Transition::expired);
  const NetAddress address = known.address;
  const bool from_itself = known.said_itself != kNever;
  touch(insert(std::move(known), place));
  if (from_itself) note_move(address, now);
  return std::nullopt;
}

// It says that it is there, and has answered somewhere else.
void AddressBook::note_move(const NetAddress& address, Time now) {
  for (const Index index : table_.find(address.id)) {
    const KnownAddress& other = table_.record(index);
    if (other.address == address || other.last_connected == kNever) continue;
    moves_.add(address, now);
    return;
  }
}

// --- entries ---

AddressBook::Index AddressBook::insert(KnownAddress known, Place place) {
  using Capped = AddressTable::Capped;
  const Capped capped = config_.is_capped(known) ? Capped::yes : Capped::no;
  return table_.insert(std::move(known), place, capped);
}

void AddressBook::erase(Index index) {
  contests_.end(index);
  changes_.note_erased(table_.record(index).address);
  table_.erase(index);
}

void AddressBook::drop(Index index, Transition why) {
  note(why);
  erase(index);
}

void AddressBook::touch(Index index) {
  table_.settle(index);
  changes_.note_changed(index);
}

void AddressBook::rest(Index index, Time until) {
  table_.rest(index, until);
  changes_.note_changed(index);
  // As a challenger it has no claim now; as a holder it goes without a test (make_tried).
  if (until != kNever) contests_.end(index);
}

void AddressBook::wake(Time now) {
  while (const auto index = table_.rested(now)) rest(*index, kNever);
}

// --- which to dial, and what to give out ---

std::optional<NetAddress> AddressBook::pick(Bias bias, Time now, const Acceptable& acceptable) {
  wake(now);
  return picker_.pick(bias, now, acceptable);
}

std::vector<NetAddress> AddressBook::pick_by_group(std::size_t count, Time now,
                                                   const Acceptable& acceptable) {
  wake(now);
  return picker_.pick_by_group(count, now, acceptable);
}

std::optional<NetAddress> AddressBook::pick_of_group(std::uint64_t group, Time now,
                                                     const Acceptable& acceptable) {
  wake(now);
  return picker_.pick_of_group(group, now, acceptable);
}

std::optional<NetAddress> AddressBook::longest_known(Time now, const Acceptable& acceptable,
                                                     Time settled) {
  wake(now);
  return picker_.longest_known(acceptable, settled);
}

std::vector<NetAddress> AddressBook::selection(Time now) {
  wake(now);
  return picker_.selection();
}

std::vector<NetAddress> AddressBook::selection_with_bias(Bias bias, Time now) {
  wake(now);
  return picker_.selection_with_bias(bias);
}

std::vector<NetAddress> AddressBook::verified_selection(Time now) {
  wake(now);
  return picker_.verified_selection(now);
}

std::vector<NetAddress> AddressBook::to_test(Time now) {
  contests_.expire(now);
  std::vector<NetAddress> holders;
  for (const auto& contest : contests_.all()) {
    const KnownAddress& known = table_.record(contest.holder);
    if (now - known.last_attempt >= kJustTried) holders.push_back(known.address);
  }
  return holders;
}

std::vector<NetAddress> AddressBook::to_visit(Time now) {
  std::vector<NetAddress> wanted;
  moves_.end_if([&](const Moves::Move& move) {
    std::vector<std::pair<Time, NetAddress>> its;
    for (const Index index : table_.find(move.id)) {
      const KnownAddress& known = table_.record(index);
      const bool dialled = known.last_attempt != kNever && known.last_attempt >= move.since;
      if (!is_first_hand(known) || dialled || known.bad_until > now) continue;
      its.emplace_back(last_shown(known), known.address);
    }
    if (now - move.since > kMoveLimit || its.empty()) return true;
    std::sort(its.rbegin(), its.rend());
    for (const auto& [shown, address] : its) wanted.push_back(address);
    return false;
  });
  return wanted;
}

// --- looking ---

const KnownAddress* AddressBook::find(const NetAddress& address) const {
  const auto index = table_.find(address);
  return index ? &table_.record(*index) : nullptr;
}

std::vector<const KnownAddress*> AddressBook::find(const NodeId& id) const {
  std::vector<const KnownAddress*> found;
  for (const Index index : table_.find(id)) found.push_back(&table_.record(index));
  return found;
}

void AddressBook::for_each(const std::function<void(const KnownAddress&)>& visit) const {
  table_.for_each(visit);
}

bool AddressBook::stands_by(const NetAddress& address) const {
  const auto index = table_.find(address);
  return index && table_.stands_by(*index);
}

}  // namespace peerage::addrbook

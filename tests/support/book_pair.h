// An address book and the naive one beside it: operations chosen by a test or a fuzzer, done to
// both, with a file between two lives of the book. Throws Disagreement.
#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/book_pair_base.h"

namespace peerage::test {

class BookPair : public BookPairBase {
 public:
  using BookPairBase::BookPairBase;

  void step() {
    now_ += universe_pause(choices_);
    naive_->at(now_);
    const std::size_t choice = choices_.below(32);
    if (choice < 8) return add();
    if (choice < 12) return visit();
    if (choice < 19) return mark();
    if (choice < 22) return mark_failed();
    if (choice < 23) return mark_bad();
    if (choice < 25) return pick();
    if (choice < 26) return select();
    if (choice < 27) return select_verified();
    if (choice < 28) return to_test();
    if (choice < 29) return take(choices_.one_in(8) ? 1000 : choices_.below(5));
    if (choice < 31) return settle(choices_.one_in(3) ? Written::no : Written::yes);
    return seldom();
  }

 private:
  enum class Written { no, yes };

  // --- drawing ---

  void pick() {
    const addrbook::Bias bias{static_cast<unsigned>(choices_.below(3) * 50)};
    const auto wanted = choices_.below(4);
    const auto acceptable = [&](const KnownAddress& known) {
      return wanted == 3 || known.address.id.bytes()[0] % 16 == wanted;
    };
    const auto picked = wanted == 3 && choices_.one_in(2) ? book_->pick(bias, now_)
                                                          : book_->pick(bias, now_, acceptable);
    std::size_t will_do[2] = {0, 0};
    for (const auto& row : naive_->rows) {
      if (naive_->drawable(row.known) && acceptable(row.known)) {
        ++will_do[static_cast<std::size_t>(row.known.kind)];
      }
    }
    agree(picked.has_value() == (will_do[0] + will_do[1] > 0), "pick finds one where none is");
    pick_by_group(acceptable);
    if (!picked) return;
    const KnownAddress* known = naive_->find(*picked);
    agree(known && naive_->drawable(*known) && acceptable(*known), "pick takes one that won't do");
    const bool other_kind =
        bias.percent != 50 && known->kind != (bias.percent == 0 ? Kind::tried : Kind::new_);
    agree(!other_kind || will_do[bias.percent == 0 ? 1 : 0] == 0, "pick takes the other kind");
  }

  // One of each group with an address that will do; those from blamed sources may be passed over.
  void pick_by_group(const addrbook::AddressBook::Acceptable& acceptable) {
    std::map<std::uint64_t, bool> groups;  // whether one of it is first-hand
    for (const auto& row : naive_->rows) {
      if (!naive_->drawable(row.known) || !acceptable(row.known)) continue;
      groups[book_->group(row.known.address.endpoint.ip)] |= addrbook::is_first_hand(row.known);
    }
    const auto picked = book_->pick_by_group(groups.size() + 1, now_, acceptable);
    agree(picked.empty() == groups.empty(), "pick_by_group finds one where none is");
    std::map<std::uint64_t, NetAddress> of_group;
    for (const NetAddress& each : picked) {
      const KnownAddress* known = naive_->find(each);
      const std::uint64_t group = book_->group(each.endpoint.ip);
      agree(known && naive_->drawable(*known) && acceptable(*known), "one that won't do");
      agree(of_group.emplace(group, each).second, "two of a group");
      agree(!groups[group] || addrbook::is_first_hand(*known), "hearsay before first-hand word");
    }
    for (const auto& [group, first_hand] : groups) {
      agree(!first_hand || of_group.contains(group), "a group is left out");
      const auto one = book_->pick_of_group(group, now_, acceptable);
      agree(one ? book_->group(one->endpoint.ip) == group : !first_hand, "pick_of_group errs");
    }
  }

  static std::size_t size_for(std::size_t of) {
    const std::size_t least = std::min<std::size_t>(of, 32), share = of * 23 / 100;
    return std::min<std::size_t>(250, std::max(least, share));
  }
  // No duplicates, none that rests: how many of them are new.
  std::size_t check_selection(const std::vector<NetAddress>& selection) {
    agree(std::set(selection.begin(), selection.end()).size() == selection.size(), "one twice");
    std::size_t new_ones = 0;
    for (const NetAddress& each : selection) {
      const KnownAddress* known = naive_->find(each);
      agree(known && naive_->drawable(*known), "one is served that must not be");
      new_ones += known->kind == Kind::new_ ? 1 : 0;
    }
    return new_ones;
  }
  void select() {
    const auto drawn = [&](Kind kind) {
      return naive_->count_if(
          [&](const KnownAddress& known) { return known.kind == kind && naive_->drawable(known); });
    };
    const std::size_t new_ones = drawn(Kind::new_), tried = drawn(Kind::tried);
    const std::size_t size = size_for(new_ones + tried);
    const auto selection = book_->selection(now_);
    agree(selection.size() == size, "the selection has another size");
    check_selection(selection);
    const auto percent = static_cast<unsigned>(choices_.below(101));
    const auto biased = book_->selection_with_bias({percent}, now_);
    agree(biased.size() == size, "the biased selection has another size");
    std::size_t wanted = (size * percent + 50) / 100;
    if (wanted > new_ones) wanted = new_ones;
    if (size - wanted > tried) wanted = size - tried;
    agree(check_selection(biased) == wanted, "the biased selection has another share");
  }
  bool may_be_served(const KnownAddress& known) const {
    return now_ - known.last_verified <= addrbook::kVerifiedLimit &&
           known.failures < addrbook::kFailuresToHide;
  }
  void select_verified() {
    const auto selection = book_->verified_selection(now_);
    check_selection(selection);
    std::map<conn::IpAddress, std::size_t> of_neighbourhood;
    std::size_t servable = 0, unfit = 0, capped = 0;
    for (const auto& row : naive_->rows) {
      const KnownAddress& known = row.known;
      if (known.last_verified == NaiveBook::kNever || !naive_->drawable(known)) continue;
      if (!may_be_served(known)) {
        ++unfit;
        continue;
      }
      const auto& ip = known.address.endpoint.ip;
      const std::size_t nth = ++of_neighbourhood[conn::neighbourhood_of(ip)];
      if (nth > addrbook::kServedPerNeighbourhood && !naive_->exempt(ip)) ++capped;
      ++servable;
    }
    of_neighbourhood.clear();
    for (const NetAddress& each : selection) {
      const KnownAddress& known = *naive_->find(each);
      agree(known.last_verified != NaiveBook::kNever && may_be_served(known),
            "one is served that we have not verified today, or that has failed since");
      const auto& ip = each.endpoint.ip;
      const std::size_t nth = ++of_neighbourhood[conn::neighbourhood_of(ip)];
      agree(nth <= addrbook::kServedPerNeighbourhood || naive_->exempt(ip),
            "too many are served of one neighbourhood");
    }
    agree(selection.size() >= std::min(size_for(servable), servable - capped) &&
              selection.size() <= size_for(servable + unfit),
          "another number is served");
  }
  void to_test() {
    std::set<NetAddress> expected;
    for (const auto& contest : naive_->contests) {
      if (now_ - naive_->find(contest.holder)->last_attempt >= addrbook::kJustTried) {
        expected.insert(contest.holder);
      }
    }
    const auto holders = book_->to_test(now_);
    agree(std::set(holders.begin(), holders.end()) == expected && holders.size() == expected.size(),
          "others are to be tested");
    agree(book_->contests() == naive_->contests.size(), "there are other contests");
    seen_.contested += expected.empty() ? 0 : 1;
  }

  // --- the file ---

  void take(std::size_t limit) {
    addrbook::Changes changes = book_->take_changes(limit);
    agree(changes.network == "chain", "changes of another network");
    agree(changes.rewrite || changes.written.size() <= limit, "more rows than were asked for");
    agree(!changes.empty() || limit == 0 || !book_->has_changes(), "there are changes, not given");
    std::set<NetAddress> written;
    for (const KnownAddress& known : changes.written) {
      agree(written.insert(known.address).second, "a row is written twice");
    }
    for (const NetAddress& each : changes.erased) {
      agree(!written.contains(each), "a row is written and erased");
    }
    if (!changes.empty()) on_the_way_.push_back(std::move(changes));
  }
  // The oldest that are on their way are written, or cannot be.
  void settle(Written written) {
    if (on_the_way_.empty()) return;
    const addrbook::Changes changes = std::move(on_the_way_.front());
    on_the_way_.pop_front();
    if (written == Written::no) return book_->put_back(changes);
    if (changes.rewrite) file_.clear();
    for (const NetAddress& each : changes.erased) file_.erase(each);
    for (const KnownAddress& known : changes.written) file_.insert_or_assign(known.address, known);
  }
  void write_all() {
    for (std::size_t parts = 0; book_->has_changes(); ++parts) {
      agree(parts < 10'000, "there is no end of changes");
      take(1 + choices_.below(10));
      if (parts < 50 && choices_.one_in(16)) settle(Written::no);
    }
    while (!on_the_way_.empty()) settle(Written::yes);
    std::size_t rows = 0;
    book_->for_each([&](const KnownAddress& known) {
      ++rows;
      const auto row = file_.find(known.address);
      agree(row != file_.end() && row->second == known,
            "the file has another row: " + known.address.to_string());
    });
    agree(rows == file_.size(), "the file has a row that the book has not");
  }

  void restart() {
    write_all();
    const auto own = naive_->own;
    const auto private_ids = naive_->private_ids;
    begin(some_bytes());
    for (const auto& endpoint : own) {
      book_->add_own(endpoint);
      naive_->add_own(endpoint);
    }
    book_->set_private_ids(private_ids);
    naive_->set_private_ids(private_ids);
    const bool alone = choices_.one_in(2);
    if (!alone) {
      for (std::size_t i = choices_.below(8); i > 0; --i) choices_.one_in(3) ? visit() : add();
    }
    now_ += universe_pause(choices_);
    naive_->at(now_);
    std::vector<KnownAddress> rows;
    for (const auto& [address, known] : file_) rows.push_back(known);
    if (choices_.one_in(2)) std::reverse(rows.begin(), rows.end());
    same_order();
    const auto expected = naive_->load(key_, rows);
    const auto loaded = book_->load(key_, rows, now_);
    agree(loaded.kept == expected.kept && loaded.dropped == expected.dropped,
          "another number is loaded");
    check_anchors();
    loaded_ = naive_->rows.size() - came_and_went();
    compare();
    if (alone) check_lost(expected.lost);
    ++seen_.restarts;
  }
  // Of two equals the first has what both want.
  void same_order() {
    std::vector<NaiveBook::Row> rows;
    book_->for_each(
        [&](const KnownAddress& known) { rows.push_back(*naive_->row_of(known.address)); });
    naive_->rows = std::move(rows);
  }
  // What a restart may cost: what is heard of an ID that has proved another address, and a place
  // that a tried address needs which has turned out to be of another network
  // or to be another node.
  void check_lost(const std::vector<NetAddress>& lost) {
    const bool demoted = std::any_of(file_.begin(), file_.end(), [](const auto& row) {
      return row.second.kind == Kind::tried && !NaiveBook::verified(row.second);
    });
    for (const NetAddress& each : lost) {
      const auto all = naive_->addresses_of(each.id);
      const bool proven = std::any_of(all.begin(), all.end(), [&](const NetAddress& other) {
        return NaiveBook::met(*naive_->find(other));
      });
      agree(proven || demoted, "a restart loses " + each.to_string());
    }
  }
  void check_anchors() {
    std::vector<std::pair<Time, NetAddress>> joined;
    for (const auto& [address, known] : file_) {
      const KnownAddress* kept = naive_->find(address);
      if (known.connected_since == NaiveBook::kNever || !kept || NaiveBook::rests(*kept)) continue;
      joined.emplace_back(known.connected_since, address);
    }
    std::sort(joined.begin(), joined.end());
    joined.resize(std::min(joined.size(), addrbook::kMaxAnchors));
    const auto& anchors = book_->anchors();
    agree(std::equal(anchors.begin(), anchors.end(), joined.begin(), joined.end(),
                     [](const NetAddress& a, const auto& b) { return a == b.second; }),
          "there are other anchors");
  }

  void seldom() {
    const NetAddress address = some_address();
    switch (choices_.below(12)) {
      case 0: {
        std::set<conn::NodeId> ids;
        for (std::size_t i = choices_.below(4); i > 0; --i) {
          ids.insert(universe_id(20 + choices_.below(8)));
        }
        book_->set_private_ids(ids);
        naive_->set_private_ids(std::move(ids));
        return;
      }
      case 1:
        if (!choices_.one_in(8)) return;
        book_->add_own(address.endpoint);
        naive_->add_own(address.endpoint);
        return;
      case 2:
        agree(book_->forget(address) == naive_->forget(address), "forget");
        return;
      case 3:
        agree(book_->forget(address.id) == naive_->forget(address.id), "forget of an ID");
        return;
      case 4:
        return book_->everything_changed();
      case 5:
        return write_all();
      case 6:
        return restart();
      default: {
        const auto source = universe_source(choices_);
        book_->expect_answer(source.ip, now_);
        naive_->expect_answer(source.ip);
      }
    }
  }

  std::map<NetAddress, KnownAddress> file_;
  std::deque<addrbook::Changes> on_the_way_;
};

}  // namespace peerage::test

// The table once more, as plainly as its rules can be said: rows in a vector, every rule by looking
// at all of them. Where the rules leave a choice (which replacement is promoted), it is told what
// the real table chose, and judges whether that was allowed.
#pragma once

#include <algorithm>
#include <optional>
#include <vector>

#include "conn/address/cidr.h"
#include "pex/discovery/relay_rule.h"
#include "pex/discovery/table.h"

namespace peerage::pex {

class NaiveTable {
 public:
  using Offered = NodeTable::Offered;
  using Live = NodeTable::Live;
  using Missed = NodeTable::Missed;
  using FindFailed = NodeTable::FindFailed;
  enum class Place : std::uint8_t { entry, replacement };

  struct Row {
    EnodeId id;
    conn::Endpoint udp;
    HeardBy how;
    Place place;
    std::array<bool, 2> speaks{}, pinged{};
    std::array<std::optional<conn::TimePoint>, 2> live{};
    std::array<unsigned, 2> missed{};
    unsigned find_failures = 0;
    bool is_live() const { return live[0] || live[1]; }
  };

  explicit NaiveTable(const EnodeId& own_id) : own(own_id) {}

  const EnodeId own;
  std::vector<Row> rows;        // those that came last are last
  std::vector<EnodeId> vacant;  // of whose buckets an entry has left

  Offered offer(const EnodeId& id, const conn::Endpoint& udp, Protocol protocol, HeardBy how) {
    if (id == own) return Offered::own;
    if (!NodeTable::usable_endpoint(udp)) return Offered::unusable;
    const std::size_t p = index_of(protocol);
    if (Row* known = find(id)) {
      if (how == HeardBy::inbound || !known->pinged[p]) known->speaks[p] = true;
      if (known->place == Place::entry || !has_room(id, how)) return Offered::known;
      known->place = Place::entry;
      known->how = how;
      return Offered::added;
    }
    const bool full = count(id, Place::entry) == 16;
    if (!full && !has_room(id, how)) return Offered::inbound_full;
    if (!network_has_room(id, udp.ip, nullptr)) return Offered::network_full;
    Row row{id, udp, how, full ? Place::replacement : Place::entry};
    row.speaks[p] = true;
    if (full && count(id, Place::replacement) == 10) {
      rows.erase(std::find_if(rows.begin(), rows.end(), [&](const Row& each) {
        return each.place == Place::replacement && same_bucket(each.id, id);
      }));
    }
    rows.push_back(row);
    return full ? Offered::replacement : Offered::added;
  }

  // The real table has taken these boot nodes' places away.
  Live on_live(const EnodeId& id, Protocol protocol, const conn::Endpoint& at, conn::TimePoint now,
               const std::vector<EnodeId>& made_room) {
    Row* row = find(id);
    if (row == nullptr) return Live::absent;
    if (row->udp != at) {
      if (!network_has_room(id, at.ip, row)) return Live::refused;
      row->udp = at;
      row->live = {};
      row->missed = {};
      row->pinged = {};
    }
    const std::size_t p = index_of(protocol);
    row->speaks[p] = true;
    if (row->place == Place::replacement) {
      if (!boot_node_makes_room(*row)) return Live::waits;
      if (made_room.size() != 1 || !same_bucket(made_room[0], id)) return Live::absent;
      row->place = Place::entry;
      demote(made_room[0]);
      row = find(id);
    }
    const bool was = row->is_live();
    row->live[p] = now;
    row->missed[p] = 0;
    return was ? Live::stayed : Live::became;
  }

  void on_pinged(const EnodeId& id, Protocol protocol) {
    if (Row* row = find(id)) row->pinged[index_of(protocol)] = true;
  }

  Missed on_missed(const EnodeId& id, Protocol protocol) {
    Row* row = find(id);
    if (row == nullptr) return Missed::absent;
    const std::size_t p = index_of(protocol);
    if (++row->missed[p] < (row->live[p] ? 3u : 1u)) return Missed::ask_again;
    row->speaks[p] = false;
    row->live[p].reset();
    row->missed[p] = 0;
    if (row->speaks[1 - p]) return Missed::other_protocol;
    remove(id);
    return Missed::removed;
  }

  FindFailed on_find_failed(const EnodeId& id) {
    Row* row = find(id);
    if (row == nullptr || row->place != Place::entry) return FindFailed::absent;
    if (++row->find_failures < 5) return FindFailed::stays;
    if (row->find_failures == 5 || count(id, Place::entry) < 8) return FindFailed::ping_first;
    remove(id);
    return FindFailed::removed;
  }

  bool remove(const EnodeId& id) {
    const Row* row = find(id);
    if (row == nullptr) return false;
    if (row->place == Place::entry) vacant.push_back(id);
    std::erase_if(rows, [&id](const Row& each) { return each.id == id; });
    return true;
  }

  // The real table filled places of `vacant` with these. False: it might not, or should have more.
  bool promote(const std::vector<EnodeId>& promoted) {
    for (const EnodeId& id : promoted) {
      Row* row = find(id);
      const auto place = std::find_if(vacant.begin(), vacant.end(),
                                      [&](const EnodeId& each) { return same_bucket(each, id); });
      const bool allowed = row != nullptr && row->place == Place::replacement &&
                           place != vacant.end() && has_room(id, row->how);
      if (!allowed) return false;
      row->place = Place::entry;
      vacant.erase(place);
    }
    const bool complete = std::none_of(vacant.begin(), vacant.end(), [this](const EnodeId& left) {
      return std::any_of(rows.begin(), rows.end(), [&](const Row& row) {
        return row.place == Place::replacement && same_bucket(row.id, left) &&
               has_room(row.id, row.how);
      });
    });
    vacant.clear();
    return complete;
  }

  Row* find(const EnodeId& id) {
    const auto found =
        std::find_if(rows.begin(), rows.end(), [&id](const Row& row) { return row.id == id; });
    return found == rows.end() ? nullptr : &*found;
  }

 private:
  bool same_bucket(const EnodeId& a, const EnodeId& b) const {
    return log_distance(own, a) == log_distance(own, b);
  }
  std::size_t count(const EnodeId& of_bucket, Place place) const {
    return static_cast<std::size_t>(std::count_if(rows.begin(), rows.end(), [&](const Row& row) {
      return row.place == place && same_bucket(row.id, of_bucket);
    }));
  }
  bool boot_node_makes_room(const Row& waiting) const {
    const bool has_boot_node = std::any_of(rows.begin(), rows.end(), [&](const Row& row) {
      return row.place == Place::entry && row.how == HeardBy::boot &&
             same_bucket(row.id, waiting.id);
    });
    return has_boot_node && count(waiting.id, Place::entry) == 16 &&
           waiting.how != HeardBy::inbound;
  }
  // It is the newest replacement then.
  void demote(const EnodeId& id) {
    Row row = *find(id);
    row.place = Place::replacement;
    row.live = {};
    std::erase_if(rows, [&id](const Row& each) { return each.id == id; });
    rows.push_back(row);
  }
  bool has_room(const EnodeId& of_bucket, HeardBy how) const {
    const auto inbound = std::count_if(rows.begin(), rows.end(), [&](const Row& row) {
      return row.place == Place::entry && row.how == HeardBy::inbound &&
             same_bucket(row.id, of_bucket);
    });
    return count(of_bucket, Place::entry) < 16 && (how != HeardBy::inbound || inbound < 10);
  }
  bool network_has_room(const EnodeId& of_bucket, const conn::IpAddress& ip,
                        const Row* without) const {
    if (is_private(ip)) return true;
    std::size_t in_table = 0, in_bucket = 0;
    for (const Row& row : rows) {
      const bool neighbour = &row != without && !is_private(row.udp.ip) &&
                             conn::neighbourhood_of(row.udp.ip) == conn::neighbourhood_of(ip);
      if (!neighbour) continue;
      ++in_table;
      in_bucket += same_bucket(row.id, of_bucket) ? 1 : 0;
    }
    return in_table < 10 && in_bucket < 2;
  }
};

}  // namespace peerage::pex

// The book of a home: where it is, what it holds, and which of its rows are wanted.
#include "cmd/addrbook/addrbook.h"

#include <algorithm>
#include <chrono>
#include <iostream>
#include <set>
#include <tuple>

#include <sodium.h>

#include "cmd/addrbook/served.h"
#include "cmd/cli/commands.h"
#include "cmd/config/node_config.h"
#include "cmd/config/setting_value.h"
#include "conn/address/node_key.h"

namespace peerage::cmd {

using addrbook::AddressBook;
using addrbook::Contents;
using addrbook::Kind;
using addrbook::kNever;
using addrbook::Seconds;
using conn::fail;
using conn::Reason;
using conn::Result;
using conn::Stage;

Result<BookHome> BookHome::of(const std::filesystem::path& home) {
  auto settings = load_settings(home, {});
  if (!settings) return tl::unexpected(settings.error());
  const std::filesystem::path control_socket = control_socket_of(*settings);
  BookHome found{settings->home,
                 std::move(settings->config),
                 std::move(settings->networks),
                 settings->book_file,
                 {},
                 control_socket};
  // Reading a book must not require permission to read the node's key.
  if (const auto key = conn::NodeKey::load(settings->node_key_file)) {
    found.own_id = key->id();
  }
  return found;
}

BookHome BookHome::alone(const std::filesystem::path& file) {
  BookHome found;
  found.home = file.parent_path();
  found.file = file;
  found.config.addr_book_strict = false;
  found.config.exempt_networks = {*conn::Cidr::parse("0.0.0.0/0"), *conn::Cidr::parse("::/0")};
  return found;
}

Result<std::string> BookHome::network(const std::string& option) const {
  if (!option.empty()) return option;
  if (networks.size() == 1 && networks.front() != "*") return networks.front();
  return fail(Stage::configuration, Reason::invalid_argument,
              std::string(networks.empty() ? "no network is named" : "several networks are named") +
                  ": use --network, or `network` under [peerage] in config.toml");
}

addrbook::BookConfig BookHome::rules() const {
  return pex::book_config(node_config(config, role_of(config)));
}

std::unique_ptr<AddressBook> BookHome::book(const std::string& network,
                                            const addrbook::BookKey& key) const {
  conn::Random::Seed seed;
  randombytes_buf(seed.data(), seed.size());
  auto made = std::make_unique<AddressBook>(network, own_id, key, seed, rules());
  for (const std::string& text : {config.p2p.laddr, config.p2p.external_address}) {
    const auto parts = conn::split_host_port(text);
    if (!parts) continue;
    const auto ip = conn::IpAddress::parse(parts->host);
    if (ip && !ip->unspecified()) made->add_own({*ip, parts->port});
  }
  return made;
}

Time book_now() {
  return std::chrono::floor<Seconds>(std::chrono::system_clock::now());
}

std::optional<Seconds> parse_span(std::string_view text) {
  if (text.empty()) return std::nullopt;
  const char unit = text.back();
  if (unit != 'd' && unit != 'w') {
    const auto duration = parse_duration(text);
    if (!duration) return std::nullopt;
    return std::chrono::floor<Seconds>(*duration);
  }
  text.remove_suffix(1);
  if (text.empty() || text.size() > 5) return std::nullopt;
  int number = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + (c - '0');
  }
  return unit == 'd' ? Seconds(std::chrono::days(number)) : Seconds(std::chrono::weeks(number));
}

// --- looking ---

Result<Contents> read_book(const BookHome& home, Time now) {
  addrbook::Report report;
  auto contents = addrbook::BookFile::read(home.file, now, report);
  if (contents && report.dropped.total() > 0) {
    std::cerr << "peerage: unreadable rows are left out: " << report.dropped.text() << '\n';
  }
  return contents;
}

namespace {

bool passes(const KnownAddress& row, const ListFilter& filter, Time now) {
  if (filter.kind && row.kind != *filter.kind) return false;
  if (filter.verified_since &&
      (row.last_verified == kNever || now - row.last_verified > *filter.verified_since)) {
    return false;
  }
  return !filter.last_failure || (row.last_failed != kNever && row.failure == *filter.last_failure);
}

// The rows of the network that is named, or of the only one.
struct OfNetwork {
  std::string network;
  const std::vector<KnownAddress>* rows;
};
Result<OfNetwork> one_network(const BookHome& home, const std::string& option,
                              const Contents& contents) {
  const auto named = home.network(option);
  if (!named && contents.addresses.size() != 1) return tl::unexpected(named.error());
  const std::string network = named ? *named : contents.addresses.begin()->first;
  const auto rows = contents.addresses.find(network);
  if (rows != contents.addresses.end()) return OfNetwork{network, &rows->second};
  return fail(Stage::configuration, Reason::invalid_argument,
              "the book has no addresses of network " + conn::printable(network, 64));
}

}  // namespace

std::vector<Listed> select(const Contents& contents, const ListFilter& filter, Time now) {
  std::vector<Listed> rows;
  for (const auto& [network, addresses] : contents.addresses) {
    if (!filter.network.empty() && network != filter.network) continue;
    for (const KnownAddress& row : addresses) {
      if (passes(row, filter, now)) rows.push_back({network, &row});
    }
  }
  // The address makes the order total.
  std::sort(rows.begin(), rows.end(), [](const Listed& one, const Listed& other) {
    return std::tuple(one.row->last_verified, one.row->last_seen, other.row->address,
                      other.network) > std::tuple(other.row->last_verified, other.row->last_seen,
                                                  one.row->address, one.network);
  });
  if (filter.limit > 0 && rows.size() > filter.limit) rows.resize(filter.limit);
  return rows;
}

Result<Line> list_line(const BookHome& home, const ListFilter& filter, LineOf what, Time now) {
  const auto contents = read_book(home, now);
  if (!contents) return tl::unexpected(contents.error());
  const auto found = one_network(home, filter.network, *contents);
  if (!found) return tl::unexpected(found.error());
  conn::Random::Seed seed;
  randombytes_buf(seed.data(), seed.size());
  conn::Random random(seed);
  addrbook::BookConfig rules = home.rules();
  const auto& ids = home.config.p2p.private_peer_ids;
  rules.private_ids.insert(ids.begin(), ids.end());
  ServedNetwork served = draw_served(found->network, *found->rows,
                                     std::make_shared<const addrbook::BookConfig>(std::move(rules)),
                                     found->rows->size(), random, now);
  std::erase_if(served.addresses,
                [&](const KnownAddress& row) { return !passes(row, filter, now); });
  ServedQuery query;
  if (filter.limit > 0) query.most = filter.limit;
  if (what == LineOf::seeds) query.seeds = ServedQuery::Seeds::only;
  return Line{found->network, peers_line(take_served(served, query, now))};
}

std::vector<Listed> select_id(const Contents& contents, std::string_view id_prefix,
                              const std::string& network) {
  std::vector<Listed> rows =
      select(contents,
             {.network = network, .kind = {}, .verified_since = {}, .last_failure = {}, .limit = 0},
             kNever);
  std::string prefix(id_prefix);
  for (char& c : prefix) {
    if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
  }
  std::erase_if(rows, [&prefix](const Listed& each) {
    return prefix.size() < kMinIdPrefix || !each.row->address.id.to_string().starts_with(prefix);
  });
  return rows;
}

BookStats stats_of(const Contents& contents, conn::IpAddress::Strict strict, Time now) {
  BookStats stats;
  stats.bans = static_cast<std::size_t>(
      std::count_if(contents.bans.begin(), contents.bans.end(),
                    [now](const addrbook::BanRow& each) { return each.until > now; }));
  for (const auto& [network, rows] : contents.addresses) {
    BookStats::OfNetwork& of = stats.networks[network];
    std::set<std::uint64_t> groups;
    std::map<Reason, std::size_t> failures;
    for (const KnownAddress& row : rows) {
      ++of.addresses;
      ++(row.kind == Kind::tried ? of.in_tried : of.in_new);
      of.resting += row.bad_until > now ? 1 : 0;
      ++of.by_origin.at(static_cast<std::size_t>(row.origin));
      for (std::size_t i = 0; i < BookStats::kSpans.size(); ++i) {
        const bool within =
            row.last_verified != kNever && now - row.last_verified <= BookStats::kSpans[i];
        of.verified_within[i] += within ? 1 : 0;
      }
      if (row.last_failed != kNever) ++failures[row.failure];
      groups.insert(row.address.endpoint.ip.group(strict));
    }
    of.groups = groups.size();
    of.failures.assign(failures.begin(), failures.end());
    std::stable_sort(of.failures.begin(), of.failures.end(),
                     [](const auto& one, const auto& other) { return one.second > other.second; });
  }
  return stats;
}

Result<ExportReport> export_json(const BookHome& home, const std::string& option, Time now) {
  const auto contents = read_book(home, now);
  if (!contents) return tl::unexpected(contents.error());
  return export_json(home, *contents, option, now);
}

Result<ExportReport> export_json(const BookHome& home, const Contents& contents,
                                 const std::string& option, Time now) {
  const auto found = one_network(home, option, contents);
  if (!found) return tl::unexpected(found.error());
  ExportReport report;
  report.network = found->network;
  const auto& ids = home.config.p2p.private_peer_ids;
  std::vector<KnownAddress> shown;
  for (const KnownAddress& row : *found->rows) {
    if (std::find(ids.begin(), ids.end(), row.address.id) == ids.end()) shown.push_back(row);
  }
  const std::string key = addrbook::json_key(contents.key);
  const addrbook::Exported exported = addrbook::choose_for_json(shown, key, now);
  report.text = addrbook::json_text(key, exported.entries);
  report.written = exported.entries.size();
  report.left_out = found->rows->size() - report.written;
  return report;
}

}  // namespace peerage::cmd

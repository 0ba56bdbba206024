// The lists over HTTP, without a socket.
#include "cmd/status/lists.h"

#include <algorithm>
#include <set>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "addrbook/json/file.h"
#include "tests/support/hostile_texts.h"
#include "tests/unit/cmd/status/lists_fixture.h"
#include "tests/unit/cmd/status/rpc_fixture.h"

namespace peerage::cmd {
namespace {

using namespace std::chrono_literals;
using addrbook::KnownAddress;
using nlohmann::json;
using test::body_of;
using test::get;
using test::kBookNow;
using test::verified_row;
using test::verified_rows;

std::string header_of(const HttpAnswer& answer, std::string_view name) {
  for (const auto& [each, value] : answer.headers) {
    if (each == name) return value;
  }
  return {};
}

// RFC 4180.
std::vector<std::vector<std::string>> cells_of(const std::string& csv) {
  std::vector<std::vector<std::string>> rows(1, {""});
  bool quoted = false;
  for (std::size_t i = 0; i < csv.size(); ++i) {
    if (csv[i] == '"') {
      if (quoted && i + 1 < csv.size() && csv[i + 1] == '"') {
        rows.back().back() += csv[++i];
      } else {
        quoted = !quoted;
      }
    } else if (csv[i] == ',' && !quoted) {
      rows.back().emplace_back();
    } else if (csv[i] == '\r' && !quoted && i + 1 < csv.size() && csv[i + 1] == '\n') {
      ++i;
      rows.push_back({""});
    } else {
      rows.back().back() += csv[i];
    }
  }
  EXPECT_EQ(rows.back(), std::vector<std::string>{""}) << "the last line has no end";
  rows.pop_back();
  return rows;
}

struct ListsTest : testing::Test {
  ListsTest() {
    status.advertised = kSeed;
    book = {{"net-1", verified_rows(0, 100)}, {"net-2", verified_rows(500, 503)}};
    draw();
  }

  void draw(std::vector<std::string> networks = {"net-1", "net-2"}) {
    conn::Random random(test::seed());
    addrbook::Contents contents;
    contents.addresses = book;
    contents.key = test::book_key();
    served = lists_of(contents, networks, test::rules(), random, kBookNow);
  }
  // Through the routes, as the server takes them: an exact path, or one below one that ends in '/'.
  HttpAnswer ask(HttpRequest request) const {
    const auto routes =
        lists_routes({[this] { return std::make_shared<const ServedLists>(served); },
                      [this] { return std::make_shared<const StatusSnapshot>(status); },
                      [this] { return now; }});
    for (const HttpRoute& route : routes) {
      const bool below = route.path.back() == '/';
      if (below ? request.path.starts_with(route.path) : request.path == route.path) {
        return route.handler(request);
      }
    }
    ADD_FAILURE() << "no route for " << request.path;
    return {};
  }
  HttpAnswer ask(const std::string& path, const std::string& query = {}) const {
    return ask(get(path, query));
  }
  json json_of(const std::string& path, const std::string& query = {}) const {
    const HttpAnswer answer = ask(path, query);
    EXPECT_EQ(answer.status, 200U) << body_of(answer);
    EXPECT_EQ(answer.content_type, "application/json");
    return json::parse(body_of(answer));
  }
  json problem(const std::string& path, const std::string& query, unsigned of_status) const {
    const HttpAnswer answer = ask(path, query);
    EXPECT_EQ(answer.status, of_status) << path << "?" << query;
    EXPECT_EQ(answer.content_type, "application/json");
    const json body = json::parse(body_of(answer));
    EXPECT_EQ(body.size(), 2U);
    EXPECT_FALSE(body.at("error").get<std::string>().empty());
    EXPECT_FALSE(body.at("hint").get<std::string>().empty());
    return body;
  }
  std::set<std::string> line(const std::string& query) const {
    const HttpAnswer answer = ask("/peers", query);
    EXPECT_EQ(answer.status, 200U) << body_of(answer);
    std::set<std::string> peers;
    std::string text = body_of(answer);
    while (!text.empty()) {
      const auto end = std::min(text.find(','), text.size());
      peers.insert(text.substr(0, end));
      text.erase(0, end + 1);
    }
    return peers;
  }

  static inline const std::string kId = std::string(40, 'a');
  static inline const std::string kSeed = kId + "@seed.example.org:26656";
  const std::vector<std::string> all_paths = {"/peers",
                                              "/peers.json",
                                              "/peers.csv",
                                              "/addrbook.json",
                                              "/networks",
                                              "/networks/net-1/live_peers",
                                              "/networks/net-1/chain-registry.json",
                                              "/seed"};

  std::map<std::string, std::vector<KnownAddress>> book;
  StatusSnapshot status = test::status_of_a_seed();
  ServedLists served;
  addrbook::Time now = kBookNow;
};

// --- the line ---

TEST_F(ListsTest, PeersAreOneLineOfTextWithoutAnEnd) {
  const HttpAnswer answer = ask("/peers", "network=net-2");
  EXPECT_EQ(answer.status, 200U);
  EXPECT_EQ(answer.content_type, "text/plain; charset=utf-8");
  const std::string text = body_of(answer);
  // It is put into a file by `sed "s/…/$PEERS/"`.
  EXPECT_EQ(text.find_first_of(" \t\r\n|/"), std::string::npos) << text;
  const std::set<std::string> peers = line("network=net-2");
  std::set<std::string> wanted;
  for (const KnownAddress& each : book.at("net-2")) wanted.insert(each.address.to_string());
  EXPECT_EQ(peers, wanted);
}

TEST_F(ListsTest, ThirtyUnlessItIsAskedForMore) {
  EXPECT_EQ(line("network=net-1").size(), 30U);
  EXPECT_EQ(line("network=net-1&n=250").size(), 100U);
  EXPECT_EQ(line("network=net-1&n=3").size(), 3U);
  problem("/peers", "network=net-1&n=251", 400);
}

TEST_F(ListsTest, AnAddressToALineIfItIsAskedFor) {
  const std::string text = body_of(ask("/peers", "network=net-1&n=5&sep=lf"));
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 4);
  EXPECT_EQ(text.find(','), std::string::npos);
}

TEST_F(ListsTest, AllWhoAskGetTheSame) {
  for (const std::string& path : all_paths) {
    const bool is_of_one = path == "/peers" || path == "/addrbook.json";
    const std::string query = is_of_one ? "network=net-1" : "";
    const std::string first = body_of(ask(path, query));
    HttpRequest other = get(path, query);
    other.remote = test::ip("8.8.8.8");
    EXPECT_EQ(body_of(ask(other)), first) << path;
    EXPECT_FALSE(first.empty()) << path;
  }
}

TEST_F(ListsTest, TheOnlyNetworkNeedsNoName) {
  EXPECT_EQ(problem("/peers", "", 400)["hint"], "?network=ID; served are net-1, net-2");
  draw({"net-2"});
  EXPECT_EQ(line("").size(), 3U);
  EXPECT_EQ(line("network=net-2").size(), 3U);
}

// --- what is on no list ---

TEST_F(ListsTest, OnlyWhatIsVerifiedIsOnAnyList) {
  KnownAddress heard = verified_row(7), late = verified_row(8, 25h), failing = verified_row(9);
  heard.last_verified = heard.last_connected = addrbook::kNever;
  failing.failures = 5;
  const KnownAddress good = verified_row(1);
  book = {{"net-1", {heard, late, failing, good}}};
  draw();
  for (const std::string& path : all_paths) {
    const bool is_of_one = path == "/peers" || path == "/addrbook.json";
    const std::string text = body_of(ask(path, is_of_one ? "network=net-1" : ""));
    for (const KnownAddress& each : {heard, late, failing}) {
      EXPECT_EQ(text.find(each.address.id.to_string()), std::string::npos) << path;
      EXPECT_EQ(text.find(each.address.endpoint.ip.to_string()), std::string::npos) << path;
    }
    EXPECT_EQ(text.find("77.7.7.7"), std::string::npos) << path << " names who told us";
  }
  EXPECT_EQ(line("network=net-1"), std::set{good.address.to_string()});
}

TEST_F(ListsTest, NetworksAreKeptApart) {
  for (const KnownAddress& each : book.at("net-2")) {
    const std::string id = each.address.id.to_string();
    for (const std::string path :
         {"/networks/net-1/live_peers", "/networks/net-1/chain-registry.json"}) {
      EXPECT_EQ(body_of(ask(path, "n=250")).find(id), std::string::npos) << path;
    }
    for (const std::string path : {"/peers.json", "/peers.csv", "/addrbook.json"}) {
      EXPECT_EQ(body_of(ask(path, "network=net-1")).find(id), std::string::npos) << path;
      EXPECT_NE(body_of(ask(path, "network=net-2")).find(id), std::string::npos) << path;
    }
  }
}

TEST_F(ListsTest, ABookOfANetworkThatIsNotServedIsNotListed) {
  draw({"net-2"});
  problem("/peers", "network=net-1", 404);
  problem("/networks/net-1/live_peers", "", 404);
  EXPECT_EQ(json_of("/peers.json").size(), 3U);
}

// --- JSON and CSV ---

TEST_F(ListsTest, TheRowsHaveAllThatIsKnownOfAnAddress) {
  KnownAddress row = verified_row(1);
  row.address = test::address(1, "20.0.0.1");
  book = {{"net-1", {row}}};
  draw();
  const json rows = json_of("/peers.json");
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0], (json{{"id", row.address.id.to_string()},
                           {"address", "20.0.0.1:26656"},
                           {"network", "net-1"},
                           {"moniker", "node 1"},
                           {"version", "0.38.25"},
                           {"country", nullptr},
                           {"asn", nullptr},
                           {"first_seen", "2026-11-18T10:15:00Z"},
                           {"verified", "2026-11-21T10:05:00Z"},
                           {"reliability", 1.0},
                           {"rtt_ms", 12.5}}));
  const HttpAnswer answer = ask("/peers.csv");
  EXPECT_EQ(answer.content_type, "text/csv; charset=utf-8");
  EXPECT_EQ(header_of(answer, "Content-Disposition"), "attachment; filename=\"peers.csv\"");
  EXPECT_EQ(body_of(answer),
            "id,address,network,moniker,version,country,asn,first_seen,verified,reliability,"
            "rtt_ms\r\n" +
                row.address.id.to_string() +
                ",20.0.0.1:26656,net-1,node 1,0.38.25,,,2026-11-18T10:15:00Z,"
                "2026-11-21T10:05:00Z,1.0,12.5\r\n");
}

TEST_F(ListsTest, RowsAreOfAllNetworksAndNotBounded) {
  const json rows = json_of("/peers.json", "n=1000");
  EXPECT_EQ(rows.size(), 103U);
  std::set<std::string> networks;
  for (const json& row : rows) networks.insert(row.at("network"));
  EXPECT_EQ(networks, (std::set<std::string>{"net-1", "net-2"}));
  EXPECT_EQ(cells_of(body_of(ask("/peers.csv", "n=1000"))).size(), 104U);
  EXPECT_EQ(json_of("/peers.json", "n=2").size(), 4U) << "of each network";
}

TEST_F(ListsTest, AParameterThatLeavesNobodyGivesAnEmptyTableAndNoLine) {
  EXPECT_EQ(json_of("/peers.json", "version=9"), json::array());
  EXPECT_EQ(cells_of(body_of(ask("/peers.csv", "version=9"))).size(), 1U);
  EXPECT_EQ(problem("/peers", "network=net-1&version=9", 404)["error"], "no address fits");
}

TEST_F(ListsTest, TextsOfStrangersAreInertInEveryForm) {
  for (const std::string& text : test::hostile_texts()) {
    KnownAddress row = verified_row(1);
    test::say(row, text, text);
    book = {{"net-1", {row}}};
    draw();
    status.own.moniker = text;
    for (const std::string& path : all_paths) {
      const bool is_of_one = path == "/peers" || path == "/addrbook.json";
      std::string shown = body_of(ask(path, is_of_one ? "network=net-1" : ""));
      std::erase(shown, '\r');
      std::erase(shown, '\t');  // a comet node's file is indented by them
      test::expect_inert(shown);
    }
    EXPECT_EQ(json_of("/peers.json").at(0).at("moniker"), conn::printable(text));
    const auto cells = cells_of(body_of(ask("/peers.csv")));
    ASSERT_EQ(cells.size(), 2U);
    ASSERT_EQ(cells[1].size(), 11U);
    for (const std::string& cell : cells[1]) {
      EXPECT_FALSE(!cell.empty() && std::string("=+-@").find(cell.front()) != std::string::npos)
          << "a formula: " << cell;
    }
  }
}

// What a browser shows as a page is a page to it, whatever we call it.
TEST_F(ListsTest, NoListIsATypeThatABrowserRuns) {
  KnownAddress row = verified_row(1);
  test::say(row, "<script>alert(1)</script>");
  book = {{"net-1", {row}}};
  draw();
  for (const std::string& path : all_paths) {
    const bool is_of_one = path == "/peers" || path == "/addrbook.json";
    const HttpAnswer answer = ask(path, is_of_one ? "network=net-1" : "");
    EXPECT_EQ(answer.content_type.find("html"), std::string::npos) << path;
  }
}

TEST_F(ListsTest, NothingOfARequestIsInAnAnswerButNamesInJson) {
  const std::string evil = "%3Cscript%3E";
  for (const std::string& path : all_paths) {
    const HttpAnswer answer = ask(path, evil + "=" + evil);
    EXPECT_EQ(answer.status, 400U) << path;
    EXPECT_EQ(answer.content_type, "application/json") << path;
    for (const auto& [name, value] : answer.headers) {
      EXPECT_EQ(value.find("script"), std::string::npos) << path << " " << name;
    }
  }
  const HttpAnswer answer = ask("/networks/<script>/live_peers");
  EXPECT_EQ(answer.status, 404U);
  EXPECT_EQ(body_of(answer).find("<script>"), std::string::npos);
  EXPECT_EQ(body_of(ask("/peers", "network=%3Cscript%3E")).find("<script>"), std::string::npos);
}

// --- addrbook.json ---

TEST_F(ListsTest, TheBookIsACometNodesFileOfTheVerified) {
  const HttpAnswer answer = ask("/addrbook.json", "network=net-1");
  EXPECT_EQ(answer.status, 200U);
  EXPECT_EQ(answer.content_type, "application/json");
  const auto parsed = addrbook::parse_json_book(body_of(answer), kBookNow);
  ASSERT_TRUE(parsed) << parsed.error().text();
  EXPECT_EQ(parsed->bad_count, 0U);
  ASSERT_EQ(parsed->entries.size(), 100U);
  std::map<conn::NodeId, const KnownAddress*> rows;
  for (const KnownAddress& each : book.at("net-1")) rows[each.address.id] = &each;
  for (const addrbook::JsonEntry& each : parsed->entries) {
    const KnownAddress& row = *rows.at(each.address.id);
    EXPECT_EQ(each.address, row.address);
    EXPECT_EQ(each.source.endpoint.ip, row.address.endpoint.ip) << "who told us is our affair";
    EXPECT_EQ(each.kind, addrbook::Kind::tried);
    EXPECT_EQ(each.last_success, conn::Timestamp(row.last_verified));
    EXPECT_EQ(each.attempts, 0U);
  }
}

TEST_F(ListsTest, TheBookIsNotSentAgainToThatHasIt) {
  HttpRequest request = get("/addrbook.json", "network=net-1");
  const HttpAnswer first = ask(request);
  const std::string tag = header_of(first, "ETag");
  EXPECT_TRUE(tag.starts_with("W/\"") && tag.ends_with('"')) << tag;
  EXPECT_EQ(header_of(first, "Cache-Control"), "max-age=60");
  EXPECT_EQ(header_of(first, "Vary"), "Accept-Encoding");
  const std::string strong = tag.substr(2);
  for (const std::string& known :
       {tag, strong, std::string("*"), "\"x\", " + tag, "\"x\"," + strong, " " + tag + " "}) {
    request.headers = {{"if-none-match", known}};
    const HttpAnswer again = ask(request);
    EXPECT_EQ(again.status, 304U) << known;
    EXPECT_EQ(body_of(again), "") << known;
    EXPECT_EQ(again.gzip, nullptr) << known;
    EXPECT_EQ(header_of(again, "ETag"), tag);
    EXPECT_EQ(header_of(again, "Cache-Control"), "max-age=60");
  }
  for (const std::string& other :
       {std::string(), std::string("\"x\""), tag.substr(0, tag.size() - 1), std::string(",,,"),
        strong.substr(1)}) {
    request.headers = {{"if-none-match", other}};
    EXPECT_EQ(ask(request).status, 200U) << other;
  }
}

TEST_F(ListsTest, TheTagIsOfTheContent) {
  const std::string tag = header_of(ask("/addrbook.json", "network=net-1"), "ETag");
  EXPECT_NE(header_of(ask("/addrbook.json", "network=net-2"), "ETag"), tag);
  draw();
  EXPECT_EQ(header_of(ask("/addrbook.json", "network=net-1"), "ETag"), tag) << "nothing changed";
  book["net-1"].pop_back();
  draw();
  EXPECT_NE(header_of(ask("/addrbook.json", "network=net-1"), "ETag"), tag);
}

TEST_F(ListsTest, TheBookIsThereCompressedToo) {
  const HttpAnswer answer = ask("/addrbook.json", "network=net-1");
  ASSERT_NE(answer.gzip, nullptr);
  EXPECT_TRUE(answer.gzip->starts_with("\x1f\x8b"));
  EXPECT_LT(answer.gzip->size(), answer.body->size() / 2);
  // Prepared once: asking costs nothing but the sending.
  EXPECT_EQ(ask("/addrbook.json", "network=net-1").gzip, answer.gzip);
}

// --- below /networks ---

TEST_F(ListsTest, NetworksAreThoseThatAreServed) {
  EXPECT_EQ(json_of("/networks"),
            (json{{{"chain_id", "net-1"}, {"reachable", 3}, {"known", 9}, {"seed", kSeed}},
                  {{"chain_id", "net-2"}, {"reachable", 1}, {"known", 4}, {"seed", kSeed}}}));
  EXPECT_EQ(json_of("/networks/"), json_of("/networks"));
  status.advertised.clear();
  EXPECT_EQ(json_of("/networks").at(0).at("seed"), nullptr);
}

TEST_F(ListsTest, LivePeersHaveTheFieldThatClientsRead) {
  const json answer = json_of("/networks/net-2/live_peers");
  EXPECT_EQ(answer.size(), 2U);
  EXPECT_EQ(answer.at("peer"), kSeed);
  std::set<std::string> wanted;
  for (const KnownAddress& each : book.at("net-2")) wanted.insert(each.address.to_string());
  EXPECT_EQ(answer.at("live_peers").get<std::set<std::string>>(), wanted);
  EXPECT_EQ(json_of("/networks/net-1/live_peers").at("live_peers").size(), 30U);
  EXPECT_EQ(json_of("/networks/net-1/live_peers", "n=250").at("live_peers").size(), 100U);
  problem("/networks/net-1/live_peers", "n=251", 400);
  problem("/networks/net-1/live_peers", "network=net-2", 400);
}

// The registry's schema (chain.schema.json): id, address, provider, and nothing else.
TEST_F(ListsTest, TheRegistrysFormCanBePasted) {
  KnownAddress named = verified_row(1), unread = verified_row(2);
  test::say(named, "Wo\xc3\xab");
  unread.facts = nullptr;
  book = {{"net-1", {named, unread}}};
  draw();
  const json answer = json_of("/networks/net-1/chain-registry.json");
  EXPECT_EQ(answer.size(), 2U);
  EXPECT_EQ(answer.at("seeds"),
            (json{{{"id", kId}, {"address", "seed.example.org:26656"}, {"provider", "seed"}}}));
  std::map<std::string, json> peers;
  for (const json& each : answer.at("persistent_peers")) {
    EXPECT_EQ(each.size(), 3U);
    peers[each.at("id")] = each;
  }
  ASSERT_EQ(peers.size(), 2U);
  EXPECT_EQ(peers.at(named.address.id.to_string()).at("address"),
            named.address.endpoint.to_string());
  EXPECT_EQ(peers.at(named.address.id.to_string()).at("provider"), "Wo\\xc3\\xab");
  EXPECT_EQ(peers.at(unread.address.id.to_string()).at("provider"), "unknown");
}

TEST_F(ListsTest, ANodeThatIsNoSeedIsAmongThePeersOfTheRegistry) {
  status.role = pex::Role::node;
  const json answer = json_of("/networks/net-2/chain-registry.json");
  EXPECT_EQ(answer.at("seeds"), json::array());
  EXPECT_EQ(answer.at("persistent_peers").size(), 4U);
  EXPECT_EQ(answer.at("persistent_peers").at(0).at("id"), kId);
}

TEST_F(ListsTest, AChainIdMayHoldAnything) {
  for (const std::string id : {"a/b", "/", "live_peers", "..", "\xff\x01", "<b>", "n=1&x"}) {
    book = {{id, {verified_row(1)}}};
    draw({id});
    EXPECT_EQ(json_of("/networks/" + id + "/live_peers").at("live_peers").size(), 1U) << id;
    EXPECT_EQ(json_of("/peers.json").size(), 1U) << id;
    EXPECT_EQ(cells_of(body_of(ask("/peers.csv"))).at(1).size(), 11U) << id;
    status.networks = {{.chain_id = id, .known = 1, .verified = 1}};
    EXPECT_EQ(json_of("/networks").size(), 1U) << id;
  }
}

TEST_F(ListsTest, OtherPathsBelowNetworksSayWhatThereIs) {
  for (const std::string path :
       {"/networks/net-1", "/networks/net-1/", "/networks/net-1/live_peers/", "/networks//x",
        "/networks/net-1/addrbook.json", "/networks//", "/networks/live_peers"}) {
    problem(path, "", 404);
  }
  EXPECT_EQ(problem("/networks/net-9/live_peers", "", 404)["error"], "no such network");
  problem("/peers", "network=net-9", 404);
  problem("/peers.json", "network=net-9", 404);
  problem("/peers.csv", "network=", 404);
  problem("/addrbook.json", "network=NET-1", 404);
}

// --- itself ---

TEST_F(ListsTest, TheSeedNamesItself) {
  const HttpAnswer answer = ask("/seed");
  EXPECT_EQ(answer.status, 200U);
  EXPECT_EQ(answer.content_type, "text/plain; charset=utf-8");
  EXPECT_EQ(body_of(answer), kSeed);
  status.advertised.clear();
  EXPECT_NE(problem("/seed", "", 404)["hint"].get<std::string>().find("external_address"),
            std::string::npos);
}

// --- of all ---

TEST_F(ListsTest, AnyPageMayReadThem) {
  for (const std::string& path : all_paths) {
    for (const std::string query : {"", "network=net-1", "x=1"}) {
      EXPECT_EQ(header_of(ask(path, query), "Access-Control-Allow-Origin"), "*") << path;
    }
  }
}

TEST_F(ListsTest, WhileNothingIsVerifiedThereIsNoEmptyList) {
  book.clear();
  draw();
  for (const std::string& path : all_paths) {
    if (path == "/networks" || path == "/seed") continue;
    const bool is_of_one = path == "/peers" || path == "/addrbook.json";
    const std::string query = is_of_one ? "network=net-1" : "";
    problem(path, query, 503);
    EXPECT_EQ(header_of(ask(path, query), "Retry-After"), "2") << path;
  }
}

TEST_F(ListsTest, ListsThatHaveBecomeTooOldAreNone) {
  now = kBookNow + 25h;
  for (const std::string& path : all_paths) {
    if (path == "/networks" || path == "/seed") continue;
    const bool is_of_one = path == "/peers" || path == "/addrbook.json";
    problem(path, is_of_one ? "network=net-1" : "", 503);
  }
}

TEST_F(ListsTest, NothingIsChangedByAsking) {
  HttpRequest request = get("/peers");
  for (const std::string method : {"POST", "PUT", "DELETE"}) {
    request.method = method;
    const HttpAnswer answer = ask(request);
    EXPECT_EQ(answer.status, 405U);
    EXPECT_EQ(header_of(answer, "Allow"), "GET, HEAD");
  }
}

}  // namespace
}  // namespace peerage::cmd

// Lists of addresses over HTTP, for people and scripts that set up nodes: as lines to paste, JSON,
// CSV, a comet node's addrbook.json, and the form of the chain registry. spec/operating.md has the
// routes.
//
// All of them are public: `Access-Control-Allow-Origin: *`, and nothing on them that a seed does
// not tell every node that asks it over peer exchange (cmd/addrbook/served.h). While nothing is
// verified there is no list, but 503 and when to come again: an empty file would be taken for one.
// Errors are JSON: {"error":…,"hint":…}.
//
// Texts of strangers (monikers, versions) are printable where they are kept, and escaped here as
// JSON and CSV demand; nothing of a request is in an answer, but for names in JSON.
//
// Threads: pure functions; the hooks are called on the HTTP server's thread and must not wait.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "addrbook/record/known_address.h"
#include "cmd/http/message.h"
#include "cmd/http/server.h"
#include "cmd/status/served_addresses.h"
#include "cmd/status/snapshot.h"

namespace peerage::cmd {

// What the answers are made from.
struct ListsView {
  const ServedLists& served;
  const StatusSnapshot& status;
  addrbook::Time now;  // wall time
};

HttpAnswer answer_peers(const HttpRequest& request, const ListsView& view);       // /peers
HttpAnswer answer_peers_json(const HttpRequest& request, const ListsView& view);  // /peers.json
HttpAnswer answer_peers_csv(const HttpRequest& request, const ListsView& view);   // /peers.csv
HttpAnswer answer_book(const HttpRequest& request, const ListsView& view);        // /addrbook.json
HttpAnswer answer_seed(const HttpRequest& request, const ListsView& view);        // /seed
// /networks, and /networks/ID/live_peers and /networks/ID/chain-registry.json below it. An ID may
// hold any bytes, slashes, too.
HttpAnswer answer_networks(const HttpRequest& request, const ListsView& view);

// The routes of all of them. The hooks give what is there now, and never null.
struct ListsHooks {
  std::function<std::shared_ptr<const ServedLists>()> served;
  std::function<std::shared_ptr<const StatusSnapshot>()> status;
  std::function<addrbook::Time()> now = {};  // none: the system's clock
};
std::vector<HttpRoute> lists_routes(const ListsHooks& hooks);

}  // namespace peerage::cmd

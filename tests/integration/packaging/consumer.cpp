// What an embedder's first program does: a node's identity, its description on the wire, the
// settings of a seed, a look for an address book, a place to log to, and a runtime that runs a
// task. It uses a symbol of every library, so that it links only if all of them are passed on.
// The seed is 32 zero bytes.
#include <iostream>

#include "addrbook/file/store.h"
#include "addrbook/record/book_reason.h"
#include "conn/address/node_key.h"
#include "conn/runtime/asio_runtime.h"
#include "p2p/base/node_info.h"
#include "p2p/spdlog_sink.h"
#include "pex/node.h"

int main() {
  using namespace peerage;
  const conn::NodeKey key = conn::NodeKey::from_seed(conn::Secret<32>());

  p2p::NodeInfo info;
  info.node_id = key.id().to_string();
  const auto read = p2p::decode_node_info(p2p::encode(info));
  if (!read || *read != info) {
    std::cerr << "the node info did not survive the wire\n";
    return 1;
  }
  pex::NodeConfig config;
  config.role = pex::Role::seed;
  if (pex::book_config(config).tried_by_visits != addrbook::BookConfig::TriedByVisits::yes) {
    std::cerr << "a seed's book is as a node's\n";
    return 1;
  }

  addrbook::Report report;
  const auto book = addrbook::BookFile::read("no-such-file", addrbook::kNever, report);
  if (book || book.error().reason != addrbook::BookReason::book_missing) {
    std::cerr << "there is an address book that there cannot be\n";
    return 1;
  }

  // Nothing below spdlog's default level is wanted.
  if (p2p::make_spdlog_sink("consumer")->wants(conn::LogLevel::debug)) return 1;

  conn::AsioRuntime runtime(1);
  runtime.shard(0).post([&] {
    std::cout << key.id().to_string() << std::endl;
    runtime.stop();
  });
  runtime.wait();
  return 0;
}
